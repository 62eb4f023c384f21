"""What people look at: lists, counts, workers and statistics."""
