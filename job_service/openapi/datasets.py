"""The dataset API's routes."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from job_service.datasets.wire import JobUpdate, NamedJobUpdate, NewDatasetJob
from job_service.datasets.words import OPERATIONS as KNOWN
from job_service.datasets.words import STATUSES
from job_service.lifecycle.job import State
from job_service.openapi.answers import CoreJob, Message
from job_service.openapi.family_answers import CodeJob, Importable, ItemResult, Target
from job_service.openapi.operations import CURSOR, LIMIT, LINK, Operation, Parameter, choices, wait
from job_service.web.requests import Body

_FLAG = {"type": "boolean"}
_TEXTS = {"type": "array", "items": {"type": "string"}}


def _words(name: str, words: Iterable[str], what: str) -> Parameter:
    """Return a parameter that counts on one of the two lists only: the other does not look at it."""
    return Parameter(name, _TEXTS, f"{what}: {', '.join(words)}.")


def _word(name: str, words: list[str], what: str) -> Parameter:
    """Return a parameter that is one of these words."""
    return Parameter(name, {"type": "string", "enum": words}, what)


class NewDatasetJobs(Body):
    """`POST /jobs`; each item is judged on its own, so that a bad one spoils no other."""

    jobs: Annotated[list[NewDatasetJob | Any], Field(max_length=100_000)]


OPERATIONS = (
    Operation(
        key="GET /jobs",
        tag="dataset",
        summary="List jobs, oldest first",
        what="Dataset jobs, or with `kind` those of any kind, newest first. Without `limit`, all that match. "
        "`status=queued`, without `kind`, leaves only what may be started now.",
        answers={200: list[CoreJob]},
        headers=LINK,
        parameters=(
            _words("status", STATUSES, "Only these; without `kind`"),
            choices("operation", list(KNOWN), "Only these."),
            Parameter("kind", _TEXTS, "Jobs of these kinds, or `all`, in the core's shape."),
            _words("state", [state.value for state in State], "Only these; together with `kind`"),
            Parameter("ignoreCompleted", _FLAG, "Leave out what has ended."),
            Parameter("target", {"type": "string"}, "Only of this dataset."),
            _word("order", ["newest", "oldest"], "Which come first."),
            _word("startable", ["any"], "With `status=queued`: also what is not to start yet."),
            LIMIT,
            CURSOR,
        ),
    ),
    Operation(
        key="POST /jobs",
        tag="dataset",
        summary="Submit jobs",
        body=NewDatasetJobs,
        example={"jobs": [{"operation": "ADD", "target": "INCOME"}, {"operation": "CHANGE", "target": "PERSON"}]},
        answers={200: list[ItemResult]},
        refusals=(409,),
        what="One result an item, in order. With JWT authentication it takes the cookies of a data administrator.",
        parameters=(
            Parameter(
                "Idempotency-Key",
                {"type": "string", "pattern": "^[!-~]{1,255}$"},
                "The same key with the same body creates nothing anew.",
                place="header",
            ),
        ),
    ),
    Operation(
        key="PUT /jobs",
        tag="dataset",
        summary="Update a job that the body names",
        body=NamedJobUpdate,
        answers={200: Message},
        refusals=(404, 409),
    ),
    Operation(
        key="GET /jobs/{job_id}",
        tag="dataset",
        summary="Read a job",
        what="By its id, of any kind; by a number, a code job as its clients know it.",
        also=("/jobs/{number}",),
        answers={200: CoreJob | CodeJob},
        parameters=(wait("Answer when it has ended, or after these seconds."),),
    ),
    Operation(
        key="PUT /jobs/{job_id}",
        tag="dataset",
        summary="Update a job",
        body=JobUpdate,
        example={"status": "validating", "log": "looks fine"},
        answers={200: Message},
        refusals=(409,),
    ),
    Operation(key="GET /targets", tag="dataset", summary="The last word on every target", answers={200: list[Target]}),
    Operation(key="GET /targets/{name}", tag="dataset", summary="The last word on a target", answers={200: Target}),
    Operation(
        key="GET /targets/{name}/jobs", tag="dataset", summary="The jobs of a target", answers={200: list[CoreJob]}
    ),
    Operation(
        key="GET /importable-datasets",
        tag="dataset",
        summary="What the input folder holds",
        answers={200: list[Importable]},
    ),
    Operation(
        key="DELETE /importable-datasets/{name}",
        tag="dataset",
        summary="Delete a dataset of the input folder",
        answers={200: Message},
        refusals=(409,),
    ),
)
