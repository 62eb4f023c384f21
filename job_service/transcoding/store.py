"""The transcoding jobs' part of the store."""

from pymongo import IndexModel

from job_service.mongo.family import FamilyStore
from job_service.transcoding.document import TRANSCODING

TRANSCODING_STORE = FamilyStore(
    kind=TRANSCODING,
    indexes={
        "profiles": (IndexModel("name", name="name", unique=True),),
        "encoder_options": (IndexModel("key", name="key", unique=True),),
    },
)
