"""Bodies of the dataset API, as its clients send and read them."""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from typing_extensions import TypedDict

from job_service.dataset_words import DATASTORE, Operation, ReleaseStatus, Status
from job_service.datasets.importable import valid_dataset_name
from job_service.web.bodies import Body
from job_service.web.times import Moment

Text = Annotated[str, StringConstraints(max_length=10_000)]
Version = Annotated[str, StringConstraints(min_length=1, max_length=100)]


def _dataset_name(value: object) -> object:
    if isinstance(value, str) and not valid_dataset_name(value):
        raise ValueError("Invalid dataset name: it must be A-Z, 0-9 and _, and start with a letter")
    return value


DatasetName = Annotated[str, BeforeValidator(_dataset_name)]


class DataStructureUpdate(Body):
    """One dataset of a bump."""

    name: DatasetName
    description: Text
    operation: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    releaseStatus: ReleaseStatus  # noqa: N815  the wire's spelling


class BumpManifesto(Body):
    """The datasets that a bump releases and removes."""

    version: Version
    description: Text
    releaseTime: int  # noqa: N815  the wire's spelling
    languageCode: Annotated[str, StringConstraints(max_length=100)]  # noqa: N815  as above
    updateType: Annotated[str, StringConstraints(max_length=100)] | None = None  # noqa: N815  as above
    dataStructureUpdates: list[DataStructureUpdate]  # noqa: N815  as above


class NewDatasetJob(Body):
    """One item of `POST /jobs`."""

    operation: Operation
    target: DatasetName
    description: Text | None = None
    releaseStatus: ReleaseStatus | None = None  # noqa: N815  the wire's spelling
    bumpManifesto: BumpManifesto | None = None  # noqa: N815  as above
    bumpFromVersion: Version | None = None  # noqa: N815  as above
    bumpToVersion: Version | None = None  # noqa: N815  as above
    priority: int = Field(default=5, ge=0, le=9)
    notBefore: Moment | None = None  # noqa: N815  as above

    @model_validator(mode="after")
    def _has_what_its_operation_needs(self) -> "NewDatasetJob":
        for name in _NEEDED.get(self.operation, ()):
            if getattr(self, name) is None:
                raise ValueError(f"Missing {name}: {self.operation} needs one")
        if self.operation == "BUMP" and self.target != DATASTORE:
            raise ValueError(f"The target of a BUMP must be {DATASTORE}")
        return self


_NEEDED: dict[str, tuple[str, ...]] = {
    "SET_STATUS": ("releaseStatus",),
    "REMOVE": ("description",),
    "BUMP": ("description", "bumpManifesto", "bumpFromVersion", "bumpToVersion"),
}


class JobUpdate(Body):
    """`PUT /jobs/<jobId>`."""

    status: Status | None = None
    description: Text | None = None
    log: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "JobUpdate":
        if self.status is None and self.description is None:
            raise ValueError("Must include a status or a description")
        return self


class NamedJobUpdate(JobUpdate):
    """`PUT /jobs`: a `JobUpdate` with the job's id beside it."""

    jobId: Annotated[str, StringConstraints(min_length=1, max_length=64)]  # noqa: N815  the wire's spelling


class ItemResult(TypedDict):
    """The result of one item of a batch."""

    status: Literal["CREATED", "FAILED"]
    msg: str
    job_id: NotRequired[str]
    code: NotRequired[str]


class Target(TypedDict):
    """A dataset and its latest change."""

    name: str
    lastUpdatedAt: datetime
    status: str
    lastUpdatedBy: dict[str, Any]
    action: list[str]


class Importable(TypedDict):
    """A dataset of the input folder."""

    datasetName: str
    hasMetadata: bool
    hasData: bool
    isArchived: bool


def created(job_id: str) -> ItemResult:
    """Return the result of an item whose job was created."""
    return {"job_id": job_id, "status": "CREATED", "msg": "OK"}


def refused(reason: str, code: str = "invalid") -> ItemResult:
    """Return the result of a refused item."""
    return {"status": "FAILED", "msg": reason, "code": code}
