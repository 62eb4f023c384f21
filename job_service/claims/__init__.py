"""The routes of the core that workers use: claims, heartbeats, ends."""
