"""What can go wrong when processes are started and kept; each text is a sentence for the person at the terminal."""


class CannotRun(Exception):
    """Something that is needed could not be started, or not be kept running."""


class MongodMissing(CannotRun):
    """There is no mongod here that is new enough."""


class FolderInUse(CannotRun):
    """Another process works on the data folder."""
