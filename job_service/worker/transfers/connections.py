"""A pool of connections to sites: one operation at a time uses a connection, and failed ones are discarded."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Self

from job_service.worker.transfers.endpoint import Endpoint
from job_service.worker.transfers.errors import TransferError
from job_service.worker.transfers.folder import Folder
from job_service.worker.transfers.gridftp import GridFtpFolder
from job_service.worker.transfers.sftp import SftpFolder
from job_service.worker.transfers.site import FileSite, GridFtpSite, Site, SshSite

MOST_IDLE = 16


class Connections:
    """The pool, a context manager that threads may share; sites with different credentials never share a connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Endpoint] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def to(self, site: Site) -> Iterator[Endpoint]:
        """Lend a connection to a site for the block; raises TransferError when none can be made."""
        endpoint = self._idle_one(site) or _opened(site)
        try:
            yield endpoint
        except BaseException:
            # Answers to earlier requests may still be in flight, and must not reach the next operation.
            endpoint.close()
            raise
        self._keep(endpoint)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for endpoint in idle:
            endpoint.close()

    def _idle_one(self, site: Site) -> Endpoint | None:
        with self._lock:
            mine = [endpoint for endpoint in self._idle if endpoint.site == site]
            for endpoint in mine:
                self._idle.remove(endpoint)
                if endpoint.alive():
                    return endpoint
                endpoint.close()
        return None

    def _keep(self, endpoint: Endpoint) -> None:
        with self._lock:
            self._idle.append(endpoint)
            surplus = self._idle[:-MOST_IDLE]
            self._idle = self._idle[-MOST_IDLE:]
        for each in surplus:
            each.close()


def _opened(site: Site) -> Endpoint:
    match site:
        case FileSite():
            return Folder(site)
        case SshSite():
            return SftpFolder(site)
        case GridFtpSite():
            return GridFtpFolder(site)
        case _:
            raise TransferError(f"Site {site.number} is nowhere, and nothing can be connected to it.")
