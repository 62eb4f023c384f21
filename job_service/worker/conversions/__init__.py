"""The work of a conversion job: its document goes to a program, whose exit status is the answer."""
