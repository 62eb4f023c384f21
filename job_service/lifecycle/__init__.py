"""Jobs, their states and the rules between them: pure values and functions, without Flask and pymongo."""
