"""All that is described, by method and path."""

from job_service.openapi import code_jobs, conversions, core, datasets, kinds, transcoding, transfers
from job_service.openapi.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *core.OPERATIONS,
    *kinds.OPERATIONS,
    *datasets.OPERATIONS,
    *transfers.OPERATIONS,
    *transcoding.OPERATIONS,
    *conversions.OPERATIONS,
    *code_jobs.OPERATIONS,
)

TAGS = {
    "claims": "Workers of any kind take jobs, and tell of them.",
    "kinds": "Kinds of job as documents, and one way to submit jobs of each.",
    "jobs": "What can be done with a job of any kind.",
    "watching": "How things are, and every change as it happens.",
    "maintenance": "Whether anything may start.",
    "tokens": "Credentials for programs and people.",
    "dataset": "Operations on the datasets of a datastore.",
    "transfer": "Transfers of files, made of elements.",
    "transcoding": "Options for an encoder.",
    "conversion": "Documents for the converters of a source.",
    "code": "Programs with their input.",
}
