"""The queries that only one family of jobs needs."""
