"""A path at a site, and the errors that name it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from paramiko import SSHException

from job_service.worker.transfers.errors import ProblemAtSite
from job_service.worker.transfers.paths import SitePath, parse, spell
from job_service.worker.transfers.site import Site


@dataclass(frozen=True)
class Place:
    """A site and a path there, as the user wrote it."""

    site: Site
    path: str

    def parsed(self) -> SitePath:
        """Return the names below the root; raises PathOutsideSite."""
        return parse(self.path)


@contextlib.contextmanager
def problems_at(site: Site, path: SitePath) -> Iterator[None]:
    """Turn exceptions of the system or the connection into a ProblemAtSite, which names the site and the path."""
    try:
        yield
    except OSError as problem:
        raise problem_at(site, path, problem.strerror or str(problem) or type(problem).__name__) from problem
    except (SSHException, EOFError) as problem:
        raise problem_at(site, path, f"the connection failed: {str(problem) or type(problem).__name__}") from problem


def problem_at(site: Site, path: SitePath, reason: str) -> ProblemAtSite:
    """Return the error for a problem with one path."""
    return ProblemAtSite(f"{spell(path, '/')!r} at site {site.number}: {reason}")
