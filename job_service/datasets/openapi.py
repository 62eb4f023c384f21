"""The description of `/jobs`, `/targets` and `/importable-datasets`."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from job_service.dataset_words import OPERATIONS, STATUSES
from job_service.datasets.wire import Importable, ItemResult, JobUpdate, NamedJobUpdate, NewDatasetJob, Target
from job_service.lifecycle.job import State
from job_service.lifecycle.view import CoreJob
from job_service.web.answers import Message
from job_service.web.bodies import Body
from job_service.web.operations import IDEMPOTENCY_KEY, KIND, Operation, Parameter, Section, choices, wait

_TEXT = {"type": "string"}


def _words(name: str, words: Iterable[str], what: str) -> Parameter:
    """Return a parameter that one of the two lists ignores."""
    return Parameter(name, {"type": "array", "items": _TEXT}, f"{what}: {', '.join(words)}.")


def _word(name: str, words: list[str], what: str) -> Parameter:
    """Return a parameter with an enumeration of values."""
    return Parameter(name, {"type": "string", "enum": words}, what)


class NewDatasetJobs(Body):
    """`POST /jobs`; each item is validated on its own, so that a bad one does not refuse the others."""

    jobs: Annotated[list[NewDatasetJob | Any], Field(max_length=100_000)]


_FILTERS = (
    _words("status", STATUSES, "Only these; without `kind`"),
    choices("operation", list(OPERATIONS), "Only these."),
    Parameter("kind", {"type": "array", "items": KIND}, "Jobs of these kinds, or of `all`, in the core's shape."),
    _words("state", [state.value for state in State], "Only these; together with `kind`"),
    Parameter(
        "labels",
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 64}},
        "Jobs that have all of these labels, each as `label.<name>=<value>`; without `kind` those of all kinds.",
    ),
    Parameter("ignoreCompleted", {"type": "boolean"}, "Leave out what has ended."),
    Parameter("target", _TEXT, "Only of this dataset."),
    _word("order", ["newest", "oldest"], "Which come first."),
    _word("startable", ["any"], "With `status=queued`: also what is not to start yet."),
)

DATASETS = Section(
    "dataset",
    "Operations on the datasets of a datastore.",
    (
        Operation(
            "GET /jobs",
            "List jobs, oldest first",
            list[CoreJob],
            "Dataset jobs, or with `kind` those of any kind, newest first. Without `limit`, all that match; "
            "by labels, a page of 1,000. "
            "`status=queued`, without `kind`, leaves only what may be started now.",
            parameters=_FILTERS,
            paged=True,
        ),
        Operation(
            "POST /jobs",
            "Submit jobs",
            list[ItemResult],
            "One result an item, in order. With JWT authentication it takes the cookies of a data administrator.",
            body=NewDatasetJobs,
            example={"jobs": [{"operation": "ADD", "target": "INCOME"}, {"operation": "CHANGE", "target": "PERSON"}]},
            parameters=(IDEMPOTENCY_KEY,),
            refusals=(409,),
        ),
        Operation("PUT /jobs", "Update a job that the body names", Message, body=NamedJobUpdate, refusals=(404, 409)),
        Operation(
            "GET /jobs/{job_id}",
            "Read a job",
            CoreJob,
            "By its id, of any kind.",
            parameters=(wait("Answer when it has ended, or after these seconds."),),
        ),
        Operation(
            "PUT /jobs/{job_id}",
            "Update a job",
            Message,
            body=JobUpdate,
            example={"status": "validating", "log": "looks fine"},
            refusals=(409,),
        ),
        Operation("GET /targets", "The last word on every target", list[Target]),
        Operation("GET /targets/{name}", "The last word on a target", Target),
        Operation("GET /targets/{name}/jobs", "The jobs of a target", list[CoreJob]),
        Operation("GET /importable-datasets", "What the input folder holds", list[Importable]),
        Operation(
            "DELETE /importable-datasets/{name}", "Delete a dataset of the input folder", Message, refusals=(409,)
        ),
    ),
)
