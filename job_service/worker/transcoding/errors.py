"""How a transcoding job can end other than well."""

from collections.abc import Sequence


class UnsafeOption(ValueError):
    """A job's options are unknown or unsafe; the message has a sentence for each, and no path of the worker."""


class EncodingFailed(Exception):
    """The encoder could not do it; the message is its reason, `log` the last lines it said.

    `passing` says that the reason lies with this machine at this moment, and another attempt may succeed; `unfinished`
    that it lies with the clip, as it would where the clip is still being written.
    """

    def __init__(
        self, reason: str, log: Sequence[str] = (), *, passing: bool = False, unfinished: bool = False
    ) -> None:
        super().__init__(reason)
        self.log = list(log)
        self.passing = passing
        self.unfinished = unfinished


class EncodingStopped(Exception):
    """The encoder was stopped because its job is not wanted any more."""
