"""The driver: its client, collections, indexes and clock, and what a MongoDB has to be for this service."""
