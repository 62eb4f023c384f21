"""The words of the work queue and the numbers that stand for them."""

from enum import IntEnum


class JobType(IntEnum):
    """What a job, or one of its elements, does."""

    LIST = 0
    COPY = 1
    REMOVE = 2
    RENAME = 3
    MKDIR = 4


class JobStatus(IntEnum):
    """Where a job or an element is; a job is where the element is that has the largest number."""

    NEW = 0
    DONE = 1
    FAILED = 2
    SUBMITTED = 3
    RUNNING = 4


class JobProtocol(IntEnum):
    """How files are moved."""

    GRIDFTP = 0
    SSH = 1
    DUMMY = 2
    FILE = 3
