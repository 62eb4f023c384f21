"""The files of a dataset in its tar."""

from collections.abc import Callable
from dataclasses import dataclass

from job_service.tars.errors import BrokenTar
from job_service.tars.members import Contents, read_members
from job_service.tars.tree import Tree


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """`<NAME>.json`, None where the tar has no such file, and the files in `chunks` and below, by name."""

    metadata: Contents | None
    chunks: tuple[tuple[str, Contents], ...]


def read_dataset(descriptor: int, dataset: str, on_read: Callable[[], None] | None = None) -> DatasetFiles:
    """Find the files of a dataset in the tar behind an open descriptor, which stays open.

    `on_read` is called before each read, and may raise. Raises BrokenTar for a malformed or dangerous tar, and
    UnfinishedTar for one without its end; OSError where the disk fails.
    """
    tree = Tree()
    for name, member in read_members(descriptor, on_read):
        tree.add(name, member)
    metadata = tree.find(f"{dataset}.json")
    if metadata is not None and not isinstance(metadata, Contents):
        raise BrokenTar("The metadata is a folder")
    return DatasetFiles(metadata, tuple(tree.files("chunks")))
