"""The driver: its client, collections, indexes and clock, and the requirements on MongoDB."""
