"""The routes of the maintenance flag, which pauses claims."""
