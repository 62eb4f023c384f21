"""The store that keeps the promises of the lifecycle: every query and every index."""
