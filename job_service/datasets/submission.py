"""Translates items of `POST /jobs` into jobs, and outcomes into the results that clients know."""

from job_service.datasets.wire import ItemResult, NewDatasetJob, created, refused
from job_service.kinds.batches import Outcome
from job_service.kinds.dialect import Sender
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import NewJob
from job_service.mongo.verbs.submission import Created, Taken
from job_service.web.bodies import validate

_BUMP_DISABLED = "Bumping the datastore is disabled"


class NewDatasetJobs:
    """Makes the jobs of `POST /jobs` and of `POST /kinds/dataset/jobs`."""

    def __init__(self, *, bump_enabled: bool) -> None:
        self._bump_enabled = bump_enabled

    def of_item(self, item: object, sender: Sender, job_id: str | None) -> NewJob:
        """Return the job of an item of `POST /jobs`. Raises Invalid."""
        if isinstance(item, dict) and "operation" not in item:
            raise Invalid("Missing operation")
        new = validate(NewDatasetJob, item)
        if new.operation == "BUMP" and not self._bump_enabled:
            raise Invalid(_BUMP_DISABLED)
        return NewJob(
            kind="dataset",
            parameters=new.model_dump(exclude_none=True, exclude={"priority", "notBefore"}),
            job_id=job_id,
            type=new.operation,
            dataset_name=new.target,
            priority=new.priority,
            ready_at=new.notBefore,
            created_by=dict(sender.user),
            request_id=sender.request_id,
        )


def result(new: NewJob | None, outcome: Outcome) -> ItemResult:
    """Return an item's result in the answer to `POST /jobs`."""
    if isinstance(outcome, Created):
        return created(outcome.job["_id"])
    if isinstance(outcome, Taken):
        name = new.dataset_name if new else ""
        return refused(f"{name} already has an active job: {outcome.holder or 'just ended'}", "target-busy")
    return refused(outcome.message, outcome.code)
