"""Errors in starting and supervising processes; each text is a sentence for the person at the terminal."""


class CannotRun(Exception):
    """A required process could not be started, or not be kept running."""


class MongodMissing(CannotRun):
    """This machine has no mongod that is new enough."""


class FolderInUse(CannotRun):
    """Another process uses the data folder."""
