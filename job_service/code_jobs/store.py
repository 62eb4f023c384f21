"""The code jobs' part of the store."""

from job_service.code_jobs.document import CODE
from job_service.mongo.family import FamilyStore

CODE_STORE = FamilyStore(kind=CODE)
