"""ADD, CHANGE and PATCH_METADATA: check a dataset in the input folder, and archive it.

The steps are those that platform services show their users. This importer keeps data as delivered, so some steps
have nothing to do, and log that. A job is idempotent: doing it twice, also after a crash at any point, ends like doing
it once.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from job_service.worker.datasets.input_folder import Imported, InputFolder, Record
from job_service.worker.datasets.metadata import check_metadata
from job_service.worker.datasets.tar_file import DatasetTar, open_tar, sha256
from job_service.worker.errors import GiveUp

#: Progress counts two passes over the bytes: reading the data, and digesting the tar.
PASSES = 2


class Told(Protocol):
    """The part of the kit's job that this importer uses."""

    @property
    def id(self) -> str:
        """The job's public id."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The job's parameters."""

    def status(self, status: str) -> None:
        """Set the job's step."""

    def log(self, message: str) -> None:
        """Add a line to the job's log."""

    def progress(self, percent: float) -> None:
        """Set the job's progress."""

    def checkpoint(self) -> None:
        """Raise if the job is to stop."""


@dataclass(slots=True)
class Import:
    """One import of one dataset. `needs_data` is False where only the metadata changes."""

    job: Told
    folder: InputFolder
    dataset: str
    needs_data: bool
    bytes_read: int = field(default=0)

    def run(self) -> dict[str, Any]:
        """Do all steps; returns `{files, bytes, sha256}`. Raises GiveUp with the reason."""
        done = self._done_before()
        if done is None:
            with self.folder.tar(self.dataset) as descriptor:
                if descriptor is None:
                    raise GiveUp(f"{self.dataset}.tar is not in the input folder")
                done = self._steps(descriptor)
        return asdict(done)

    def _done_before(self) -> Imported | None:
        """Recognize a tar that an earlier attempt of this very job has archived."""
        record = self.folder.record(self.dataset)
        if record is None or record.job_id != self.job.id:
            return None
        with self.folder.archived_tar(self.dataset) as descriptor:
            if descriptor is None:
                return None
            tar = open_tar(descriptor, self.dataset)
            if self._digest(tar) != record.imported.sha256:
                return None
        self.job.log("An earlier attempt has archived the tar already")
        return record.imported

    def _steps(self, descriptor: int) -> Imported:
        tar = self._validate(descriptor)
        self._decrypt(tar)
        size = self._transform(tar)
        for status in ("pseudonymizing", "enriching", "converting", "partitioning"):
            self._step(status, "Nothing to do: the data is kept as it was delivered")
        imported = self._build(tar, size)
        self._import(tar, imported)
        return imported

    def _validate(self, descriptor: int) -> DatasetTar:
        self._step("validating", f"Checking {self.dataset}.tar")
        tar = open_tar(descriptor, self.dataset)
        metadata = check_metadata(tar.read_metadata(), self.dataset)
        if self.needs_data and not tar.files.chunks:
            raise GiveUp("The tar has no data: there is nothing in chunks/")
        self.job.log(f"Metadata with {len(metadata)} fields, {len(tar.files.chunks)} files of data")
        return tar

    def _decrypt(self, tar: DatasetTar) -> None:
        self._step("decrypting", "No data is encrypted")
        encrypted = [name for name, _ in tar.files.chunks if name.endswith(".encr")]
        if encrypted:
            raise GiveUp(f"{encrypted[0][:100]!a} is encrypted, and this importer has no key")

    def _transform(self, tar: DatasetTar) -> int:
        self._step("transforming", f"Reading {len(tar.files.chunks)} files of data")
        for _, contents in tar.files.chunks:
            for _piece in self._watched(tar, tar.pieces(contents)):
                pass
        return sum(contents.size for _, contents in tar.files.chunks)

    def _build(self, tar: DatasetTar, size: int) -> Imported:
        self._step("built", "Digesting the tar")
        imported = Imported(len(tar.files.chunks), size, self._digest(tar))
        self.job.log(f"{imported.files} files, {imported.bytes} bytes, SHA-256 {imported.sha256}")
        return imported

    def _digest(self, tar: DatasetTar) -> str:
        return sha256(self._watched(tar, tar.digest_pieces()))

    def _import(self, tar: DatasetTar, imported: Imported) -> None:
        self._step("importing", "Moving the tar into the archive")
        tar.require_unchanged()
        self.job.checkpoint()
        self.folder.archive(self.dataset, Record(self.job.id, imported), tar.identity)
        self.job.progress(100)

    def _step(self, status: str, line: str) -> None:
        self.job.checkpoint()
        self.job.status(status)
        self.job.log(line)

    def _watched(self, tar: DatasetTar, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass pieces on, reporting progress, and raising where the job is to stop."""
        for piece in pieces:
            self.job.checkpoint()
            self.bytes_read += len(piece)
            self.job.progress(min(100 * self.bytes_read / (PASSES * max(tar.size, 1)), 99))
            yield piece
