"""The dataset family."""
