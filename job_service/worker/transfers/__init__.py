"""The transfer worker: sites, paths that stay inside them, and five operations on files."""

from job_service.worker.transfers.connections import Connections
from job_service.worker.transfers.copying import Attempt, Copied, copy_file
from job_service.worker.transfers.credentials import with_credentials
from job_service.worker.transfers.errors import (
    PathOutsideSite,
    SitesInvalid,
    ToolMissing,
    TransferCancelled,
    TransferError,
)
from job_service.worker.transfers.operations import list_tree, mkdir, remove, rename
from job_service.worker.transfers.place import Place
from job_service.worker.transfers.site import Site
from job_service.worker.transfers.sites import load_sites
from job_service.worker.transfers.tree import Page
from job_service.worker.transfers.watch import Progress, Watch

__all__ = [
    "Attempt",
    "Connections",
    "Copied",
    "Page",
    "PathOutsideSite",
    "Place",
    "Progress",
    "Site",
    "SitesInvalid",
    "ToolMissing",
    "TransferCancelled",
    "TransferError",
    "Watch",
    "copy_file",
    "list_tree",
    "load_sites",
    "mkdir",
    "remove",
    "rename",
    "with_credentials",
]
