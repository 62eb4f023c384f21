"""The enumerations of the dataset API, as its clients spell them."""

from typing import Literal, get_args

Operation = Literal[
    "ADD",
    "CHANGE",
    "PATCH_METADATA",
    "SET_STATUS",
    "DELETE_DRAFT",
    "REMOVE",
    "ROLLBACK_REMOVE",
    "DELETE_ARCHIVE",
    "BUMP",
]
ReleaseStatus = Literal["DRAFT", "PENDING_RELEASE", "PENDING_DELETE"]
Status = Literal[
    "queued",
    "initiated",
    "validating",
    "decrypting",
    "transforming",
    "pseudonymizing",
    "enriching",
    "converting",
    "partitioning",
    "built",
    "importing",
    "completed",
    "failed",
]

OPERATIONS: tuple[str, ...] = get_args(Operation)
STATUSES: tuple[str, ...] = get_args(Status)

#: The target of a bump, and the dataset name under which only one bump can be active.
DATASTORE = "DATASTORE"
