"""What a handler raises to end its job, and what it meets when it must stop.

Exception
├── GiveUp              from the handler: failed, and trying again will not help
├── TryAgain            from the handler: failed for now
└── JobCancelled        from `job.checkpoint()`: somebody wants this job to stop
    └── LeaseLost       another worker may have it; nothing this one says counts any more

Any other exception means failed, and the service tries again while tries are left.
"""


class GiveUp(Exception):
    """Ends the job as failed, for good, with `result`, which is what there is all the same.

    The message, else the name of the class, is its reason.
    """

    result: object = None

    def __init__(self, message: str = "", result: object = None) -> None:
        super().__init__(message)
        self.result = result


class TryAgain(Exception):
    """Ends this attempt; the message, else the name of the class, is its reason.

    Without a `delay` the attempt counts and the service chooses when to try again. With a `delay` in seconds the job is
    given back until then, for a second at least, and no try is used up: for what is not ready yet rather than broken.
    """

    delay: float | None = None

    def __init__(self, message: str = "", delay: float | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class JobCancelled(Exception):
    """The job is to stop; let it pass through the handler, and the job ends as cancelled."""


class LeaseLost(JobCancelled):
    """The lease is gone; let it pass through the handler, and nothing more is said about the job."""
