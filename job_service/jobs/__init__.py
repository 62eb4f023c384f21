"""What can be done with a job of any kind: explain, cancel, release, retry."""
