"""Queries for people: lists, counts, workers and statistics."""
