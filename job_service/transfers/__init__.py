"""The transfer family: the work queue of files."""
