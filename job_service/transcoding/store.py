"""What transcoding brings to the store."""

from job_service.mongo.family import FamilyStore
from job_service.transcoding.document import TRANSCODING

TRANSCODING_STORE = FamilyStore(kind=TRANSCODING)
