"""Dataset jobs: submit, list, read, update; their targets; importable datasets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack
from uuid import uuid4

from pydantic import Field

from job_service.client.answers import Answer, Body, JsonObject, nothing, reading
from job_service.client.call import Call, camel, given, path
from job_service.client.jobs import LogEntry
from job_service.client.pages import Page, paging
from job_service.client.resource import Action, E, Listing, Resource
from job_service.dataset_words import Operation, ReleaseStatus


class DataStructureUpdate(Body):
    """The change of one dataset in a new version."""

    name: str
    description: str
    operation: str
    release_status: ReleaseStatus


class BumpManifesto(Body):
    """The contents of a new version of the datastore."""

    version: str
    description: str
    release_time: int
    language_code: str
    update_type: str | None = None
    data_structure_updates: list[DataStructureUpdate]


class NewDatasetJob(Body):
    """One operation on one dataset, to be submitted; `not_before` delays its start."""

    operation: Operation
    target: str
    description: str | None = None
    release_status: ReleaseStatus | None = None
    bump_manifesto: BumpManifesto | None = None
    bump_from_version: str | None = None
    bump_to_version: str | None = None
    priority: int | None = Field(default=None, ge=0, le=9)
    not_before: datetime | None = None


class Submitted(Answer):
    """The result of one submitted item: `job_id` where the job was created, else `msg` says why not."""

    status: Literal["CREATED", "FAILED"]
    msg: str
    job_id: str | None = Field(default=None, alias="job_id")


class UserInfo(Answer):
    """The submitter of a job."""

    user_id: str
    first_name: str
    last_name: str


class DatasetJob(Answer):
    """A dataset job as its own family shows it; `parameters` are as they were submitted."""

    job_id: str
    status: str
    parameters: JsonObject
    log: list[LogEntry] = Field(default_factory=list)
    created_at: datetime
    created_by: UserInfo | None = None


class Target(Answer):
    """The latest change of one dataset."""

    name: str
    last_updated_at: datetime
    status: str
    last_updated_by: UserInfo | None = None
    action: list[str]


class ImportableDataset(Answer):
    """A dataset in the service's input folder."""

    dataset_name: str
    has_metadata: bool
    has_data: bool
    is_archived: bool = False


#: `list` is also the name of a method below.
ImportableDatasets = list[ImportableDataset]
TargetList = list[Target]


class DatasetFilter(TypedDict, total=False):
    """The filter of `list`; `limit` is the size of a page, not of the list.

    A `status` of "queued" selects jobs that may be started now, unless `startable` is "any".
    """

    status: str
    operation: Sequence[Operation]
    ignore_completed: bool
    target: str
    order: Literal["newest", "oldest"]
    startable: Literal["any"]
    limit: int


class Datasets(Resource[E]):
    """`client.datasets`."""

    @Action
    def submit(
        self, jobs: Sequence[NewDatasetJob | Mapping[str, Any]], *, idempotency_key: str | None = None
    ) -> Call[list[Submitted]]:
        """Submit jobs; one result an item, in order.

        Without an `idempotency_key` this call makes one, so that its retries create no job twice.
        Raises IdempotencyMismatch for a key that was used with other jobs.
        """
        items = [job.as_json() if isinstance(job, NewDatasetJob) else dict(job) for job in jobs]
        return _submission({"jobs": items}, idempotency_key)

    @Action
    def submit_body(self, body: bytes, *, idempotency_key: str | None = None) -> Call[list[Submitted]]:
        """Submit `{"jobs": [...]}`, which is JSON already and is not validated here."""
        return _submission(body, idempotency_key)

    @Listing
    def list(self, **narrowed: Unpack[DatasetFilter]) -> Call[Page[DatasetJob]]:
        """Yield the dataset jobs that match, oldest first; without a `limit` there is one page."""
        return Call(method="GET", path="/jobs", query=camel(narrowed), parse=paging(DatasetJob))

    @Action
    def get(self, job_id: str, *, wait: float | None = None) -> Call[DatasetJob]:
        """Read a job; with `wait` the answer comes when the job has ended, or after so many seconds, 30 at most."""
        query = {"wait": wait}
        return Call(method="GET", path=path("jobs", job_id), query=query, patience=wait or 0, parse=reading(DatasetJob))

    @Action
    def update(
        self, job_id: str, *, status: str | None = None, description: str | None = None, log: str | None = None
    ) -> Call[None]:
        """Set the status or the description of a job, as workers without claims do; `log` goes with either."""
        body = given(status=status, description=description, log=log)
        return Call(method="PUT", path=path("jobs", job_id), body=body, parse=nothing)

    @Action
    def importable(self) -> Call[ImportableDatasets]:
        """List the datasets in the service's input folder and its archive."""
        return Call(method="GET", path="/importable-datasets", parse=reading(ImportableDatasets))

    @Action
    def delete_importable(self, name: str) -> Call[None]:
        """Delete a dataset from the input folder; raises TargetBusy while a job for it is active."""
        return Call(method="DELETE", path=path("importable-datasets", name), parse=nothing)


class Targets(Resource[E]):
    """`client.targets`."""

    @Action
    def jobs(self, name: str) -> Call[list[DatasetJob]]:
        """List the jobs of a target, and the version bumps that name it."""
        return Call(method="GET", path=path("targets", name, "jobs"), parse=reading(list[DatasetJob]))

    @Action
    def get(self, name: str) -> Call[Target]:
        """Read a target."""
        return Call(method="GET", path=path("targets", name), parse=reading(Target))

    @Action
    def list(self) -> Call[TargetList]:
        """List all targets."""
        return Call(method="GET", path="/targets", parse=reading(TargetList))


def _submission(body: Any, idempotency_key: str | None) -> Call[list[Submitted]]:
    return Call(
        method="POST",
        path="/jobs",
        body=body,
        headers={"Idempotency-Key": idempotency_key or uuid4().hex},
        repeatable=True,
        parse=reading(list[Submitted]),
    )
