"""The routes of kinds."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from job_service.kinds.items import NewItem
from job_service.kinds.routes import NewItems
from job_service.kinds.wire import Definition, Policy
from job_service.openapi.answers import Message
from job_service.openapi.operations import Operation, Parameter

_TAG = {"ETag": "The revision, to be sent as `If-Match`."}
_IF_MATCH = Parameter("If-Match", {"type": "string"}, "Only if the kind has this revision.", place="header")
_IF_ABSENT = Parameter("If-None-Match", {"type": "string", "enum": ["*"]}, "Only if there is none.", place="header")


class ShownKind(TypedDict):
    """A kind: its definition, and what the service adds."""

    name: str
    revision: int
    family: NotRequired[bool]
    description: NotRequired[str]
    types: NotRequired[list[str]]
    parameters: NotRequired[dict[str, Any] | bool]
    result: NotRequired[dict[str, Any] | bool]
    unique: NotRequired[str]
    key: NotRequired[str]
    steps: NotRequired[list[str]]
    retry: NotRequired[dict[str, float]]
    leaseSeconds: NotRequired[int]
    startWithinSeconds: NotRequired[int]
    maxRunSeconds: NotRequired[int]
    limits: NotRequired[dict[str, Any]]
    retentionDays: NotRequired[int]


class SubmittedJob(TypedDict):
    """What became of an item."""

    status: Literal["CREATED", "FAILED"]
    jobId: NotRequired[str]
    code: NotRequired[str]
    message: NotRequired[str]
    errors: NotRequired[list[dict[str, Any]]]


class SubmittedJobs(TypedDict):
    """One result an item, in order."""

    results: list[SubmittedJob]


class NewJobsOfAKind(NewItems):
    """`POST /kinds/{name}/jobs`; each item is judged on its own."""

    jobs: list[NewItem | Any]


OPERATIONS = (
    Operation(key="GET /kinds", tag="kinds", summary="The kinds of job that there are", answers={200: list[ShownKind]}),
    Operation(
        key="GET /kinds/{name}",
        tag="kinds",
        summary="Read a kind",
        what="With its revision in `If-None-Match` it answers 304 and no body.",
        answers={200: ShownKind},
        headers=_TAG,
        parameters=(Parameter("If-None-Match", {"type": "string"}, "What the caller has.", place="header"),),
    ),
    Operation(
        key="PUT /kinds/{name}",
        tag="kinds",
        summary="Make or replace a kind",
        body=Definition,
        example={"description": "Small pictures", "unique": "/url", "retry": {"maxAttempts": 5}},
        answers={200: ShownKind, 201: ShownKind},
        refusals=(409, 412),
        headers=_TAG,
        parameters=(_IF_MATCH, _IF_ABSENT),
    ),
    Operation(
        key="PATCH /kinds/{name}",
        tag="kinds",
        summary="Change the policy of a kind, or of a family",
        what="A null takes a field back; of `retry` and `limits` each field is changed alone.",
        body=Policy,
        answers={200: ShownKind},
        refusals=(412,),
        headers=_TAG,
        parameters=(_IF_MATCH,),
    ),
    Operation(
        key="DELETE /kinds/{name}",
        tag="kinds",
        summary="Delete a kind of which no job is alive",
        answers={200: Message},
        refusals=(409, 412),
        parameters=(_IF_MATCH,),
    ),
    Operation(
        key="POST /kinds/{name}/jobs",
        tag="kinds",
        summary="Submit jobs of a kind",
        body=NewJobsOfAKind,
        example={"jobs": [{"parameters": {"url": "file:///a.png"}, "labels": {"team": "blue"}}]},
        answers={200: SubmittedJobs},
        refusals=(409,),
        what="One result an item, in order. A family takes the parameters of its own API.",
        parameters=(
            Parameter(
                "Idempotency-Key",
                {"type": "string", "pattern": "^[!-~]{1,255}$"},
                "The same key with the same body creates nothing anew.",
                place="header",
            ),
        ),
    ),
)
