"""What a job is and how it moves; no Flask, no pymongo."""
