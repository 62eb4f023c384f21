"""The tuple of families, from which all code that handles every family derives."""

from job_service.code_jobs.family import CODE_JOBS
from job_service.conversions.family import CONVERSIONS
from job_service.datasets.family import DATASETS
from job_service.kinds.family import Family
from job_service.transcoding.family import ENCODINGS
from job_service.transfers.family import TRANSFERS

ALL: tuple[Family, ...] = (DATASETS, TRANSFERS, ENCODINGS, CONVERSIONS, CODE_JOBS)

FAMILIES = tuple(family.kind for family in ALL)
STORES = tuple(family.store for family in ALL)
