"""The folder of datasets that wait to be imported, as the routes and the console's pages use it."""

from pathlib import Path

from job_service.datasets.importable import (
    ImportableDataset,
    InputFolderUnavailable,
    delete_importable,
    list_importable,
)
from job_service.datasets.reservations_store import Reservations
from job_service.datasets.tar_contents import ContentsCache
from job_service.lifecycle.errors import Unavailable

_UNAVAILABLE = "The input folder is not available"


class InputFolder:
    """Lists and deletes importable datasets; without a `path` there are none."""

    def __init__(self, path: Path | None, reservations: Reservations) -> None:
        self.path = path
        self._reservations = reservations
        self._cache = ContentsCache()

    def list(self) -> list[ImportableDataset]:
        """Return the datasets, by name. Raises Unavailable."""
        try:
            return list_importable(self.path, self._cache) if self.path else []
        except InputFolderUnavailable:
            raise Unavailable(_UNAVAILABLE) from None

    def delete(self, name: str) -> bool:
        """Delete a dataset; False where there is none. Raises TargetBusy while a job for it is active, Unavailable."""
        with self._reservations.hold(name):
            try:
                return self.path is not None and delete_importable(self.path, name)
            except InputFolderUnavailable:
                raise Unavailable(_UNAVAILABLE) from None
