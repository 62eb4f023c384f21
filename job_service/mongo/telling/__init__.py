"""How processes learn of changes of jobs: notes on a capped collection, their readers, wake-ups and events."""
