"""The one reader of datasets' tars, for the service that lists them and the worker that imports them.

Such a file is untrusted: it may claim any size, hold millions of members, or be no tar at all. No member is ever
extracted, and yet the contents read are those that `tar x` would have written.
"""

from job_service.tars.dataset import DatasetFiles, read_dataset
from job_service.tars.errors import BrokenTar, UnfinishedTar
from job_service.tars.identity import identity
from job_service.tars.members import Contents, Extent

__all__ = [
    "BrokenTar",
    "Contents",
    "DatasetFiles",
    "Extent",
    "UnfinishedTar",
    "identity",
    "read_dataset",
]
