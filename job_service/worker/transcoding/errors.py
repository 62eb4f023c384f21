"""Errors of transcoding jobs."""

from collections.abc import Sequence


class UnsafeOption(ValueError):
    """A job's options are unknown or unsafe; the message has a sentence for each, and no path of the worker."""


class EncodingFailed(Exception):
    """The encoder failed; the message is the reason, `log` the encoder's last lines.

    `passing` says that the reason is a temporary problem of this machine, so that another attempt may succeed;
    `unfinished` that the clip may be incomplete, as it would be while it is being uploaded.
    """

    def __init__(
        self, reason: str, log: Sequence[str] = (), *, passing: bool = False, unfinished: bool = False
    ) -> None:
        super().__init__(reason)
        self.log = list(log)
        self.passing = passing
        self.unfinished = unfinished


class EncodingStopped(Exception):
    """The encoder was stopped because its job was cancelled or lost."""
