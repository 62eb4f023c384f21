"""The description of `/kinds`."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from job_service.kinds.items import NewItem
from job_service.kinds.routes import NewItems
from job_service.kinds.wire import Definition, Policy
from job_service.web.answers import Message
from job_service.web.operations import IDEMPOTENCY_KEY, Operation, Parameter, Section

_TAG = {"ETag": "The revision, to be sent as `If-Match`."}
_IF_MATCH = Parameter("If-Match", {"type": "string"}, "Only if the kind has this revision.", place="header")
_IF_ABSENT = Parameter("If-None-Match", {"type": "string", "enum": ["*"]}, "Only if there is none.", place="header")


class ShownKind(TypedDict):
    """A kind: its definition, and the fields that the service adds."""

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
    """The result of an item."""

    status: Literal["CREATED", "FAILED"]
    jobId: NotRequired[str]
    code: NotRequired[str]
    message: NotRequired[str]
    errors: NotRequired[list[dict[str, Any]]]


class SubmittedJobs(TypedDict):
    """One result an item, in order."""

    results: list[SubmittedJob]


class NewJobsOfAKind(NewItems):
    """`POST /kinds/{name}/jobs`; each item is validated on its own."""

    jobs: list[NewItem | Any]


KINDS = Section(
    "kinds",
    "Kinds of job as documents, and one way to submit jobs of each.",
    (
        Operation("GET /kinds", "The kinds of job that there are", list[ShownKind]),
        Operation(
            "GET /kinds/{name}",
            "Read a kind",
            ShownKind,
            "With its revision in `If-None-Match` it answers 304 and no body.",
            headers=_TAG,
            parameters=(Parameter("If-None-Match", {"type": "string"}, "What the caller has.", "header"),),
        ),
        Operation(
            "PUT /kinds/{name}",
            "Make or replace a kind",
            ShownKind,
            statuses=(200, 201),
            body=Definition,
            example={"description": "Small pictures", "unique": "/url", "retry": {"maxAttempts": 5}},
            headers=_TAG,
            parameters=(_IF_MATCH, _IF_ABSENT),
            refusals=(409, 412),
        ),
        Operation(
            "PATCH /kinds/{name}",
            "Change the policy of a kind, or of a family",
            ShownKind,
            "A null takes a field back; of `retry` and `limits` each field is changed alone.",
            body=Policy,
            headers=_TAG,
            parameters=(_IF_MATCH,),
            refusals=(412,),
        ),
        Operation(
            "DELETE /kinds/{name}",
            "Delete a kind of which no job is alive",
            Message,
            parameters=(_IF_MATCH,),
            refusals=(409, 412),
        ),
        Operation(
            "POST /kinds/{name}/jobs",
            "Submit jobs of a kind",
            SubmittedJobs,
            "One result an item, in order. A family takes the parameters of its own API.",
            body=NewJobsOfAKind,
            example={"jobs": [{"parameters": {"url": "file:///a.png"}, "labels": {"team": "blue"}}]},
            parameters=(IDEMPOTENCY_KEY,),
            refusals=(409,),
        ),
    ),
)
