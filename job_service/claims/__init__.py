"""The core's routes for workers: claims and reports."""
