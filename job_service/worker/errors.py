"""Exceptions by which a handler ends its job, and those by which `checkpoint` stops it.

Exception
├── GiveUp              from the handler: failed, and trying again will not help
├── TryAgain            from the handler: failed for now
└── JobCancelled        from `job.checkpoint()`: the job is to stop
    └── LeaseLost       another worker may have the job, and this one's reports are refused

Any other exception means failed, and the service tries again while tries are left.
"""


class GiveUp(Exception):
    """Ends the job as failed, without a retry; `result` is a partial result.

    The failure's reason is the message, else the name of the class; `code` is a stable word for it, of at most 64
    letters, digits and `._:-`.
    """

    result: object = None
    code: str | None = None

    def __init__(self, message: str = "", result: object = None, code: str | None = None) -> None:
        super().__init__(message)
        self.result = result
        self.code = code


class TryAgain(Exception):
    """Ends this attempt as failed; the reason is the message, else the name of the class.

    Without a `delay` the attempt counts and the service chooses when to try again. With a `delay` in seconds the job is
    released for that time, a second at least, and the attempt does not count: for inputs that are not ready yet.
    """

    delay: float | None = None

    def __init__(self, message: str = "", delay: float | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class JobCancelled(Exception):
    """The job is to stop; when this exception leaves the handler, the job ends as cancelled."""


class LeaseLost(JobCancelled):
    """The lease is lost; when this exception leaves the handler, nothing more is reported."""
