"""The enumerations of the work queue, by name and number."""

from enum import IntEnum


class JobType(IntEnum):
    """The operation of a job or an element."""

    LIST = 0
    COPY = 1
    REMOVE = 2
    RENAME = 3
    MKDIR = 4


class JobStatus(IntEnum):
    """The status of a job or an element; a job has the largest status of its elements."""

    NEW = 0
    DONE = 1
    FAILED = 2
    SUBMITTED = 3
    RUNNING = 4


class JobProtocol(IntEnum):
    """The protocol of a transfer."""

    GRIDFTP = 0
    SSH = 1
    DUMMY = 2
    FILE = 3
