"""How the store keeps its promises: every query, and every index that serves it."""
