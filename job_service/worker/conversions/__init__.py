"""Conversion jobs: the document is piped to a program, whose exit status decides the job's end."""
