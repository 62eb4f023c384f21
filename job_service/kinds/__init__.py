"""Kinds of job as documents, and the one way in which jobs of every kind are submitted."""
