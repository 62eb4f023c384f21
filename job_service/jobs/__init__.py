"""The routes that explain, cancel, release and retry a job of any kind."""
