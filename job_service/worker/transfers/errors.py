"""Errors of transfers; every message is a sentence for the log of the attempt.

Exception
├── SitesInvalid            the file of sites, before anything is moved
└── TransferError           this operation did not succeed
    ├── ProblemAtSite       because of what is, or is not, at one path of one site
    ├── PathOutsideSite     and never will: its path leads out of its site's root
    ├── ToolMissing         a program this worker needs is not installed
    └── TransferCancelled   because somebody wants it to stop

A message names sites by number and files by their path inside the site; it holds no password, key or path of the
worker.
"""

from collections.abc import Sequence


class SitesInvalid(Exception):
    """The file of sites is invalid; `problems` has a sentence for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class TransferError(Exception):
    """The operation failed; the message is its reason."""


class ProblemAtSite(TransferError):
    """A problem with one path at one site, or with the connection to that site."""


class PathOutsideSite(TransferError):
    """A path leads out of its site's root, by itself or through a symbolic link there."""


class ToolMissing(TransferError):
    """A command-line tool is not installed on this worker."""


class TransferCancelled(TransferError):
    """The operation stopped because its job was cancelled; its temporary files are deleted."""
