"""The conversion API's routes."""

from typing import Any

from job_service.openapi.answers import Message
from job_service.openapi.family_answers import Conversion
from job_service.openapi.operations import CURSOR, LIMIT, LINK, Operation

_DOCUMENT = dict[str, Any]
_EXAMPLE = {"title": "An article", "pages": 12}
_LOCATION = {"Location": "The new job."}


def _read(branch: str) -> Operation:
    return Operation(
        key=f"GET /job/{branch}/{{source}}/{{job_id}}",
        tag="conversion",
        summary=f"Read a job that is {branch}",
        answers={200: Conversion},
        what="A HEAD of an active job is how a converter keeps it." if branch == "active" else "",
    )


def _branch(branch: str) -> tuple[Operation, ...]:
    counts = Operation(
        key=f"GET /job/{branch}",
        tag="conversion",
        summary=f"How many jobs are {branch}, by source",
        answers={200: dict[str, int]},
    )
    page = Operation(
        key=f"GET /job/{branch}/{{source}}",
        tag="conversion",
        summary=f"The jobs of a source that are {branch}, newest first",
        answers={200: list[Conversion]},
        parameters=(LIMIT, CURSOR),
        headers=LINK,
    )
    return counts, page


OPERATIONS = (
    Operation(
        key="GET /job",
        tag="conversion",
        summary="How many jobs there are, by state and source",
        answers={200: dict[str, dict[str, int]]},
    ),
    Operation(
        key="GET /job/available",
        tag="conversion",
        summary="Claim the oldest available job",
        answers={200: Conversion},
        refusals=(404,),
    ),
    Operation(
        key="GET /job/available/{source}",
        tag="conversion",
        summary="Claim the oldest available job of a source",
        answers={200: Conversion},
    ),
    Operation(
        key="POST /job/available/{source}",
        tag="conversion",
        summary="Make a job available",
        what="A source is 1 to 200 characters without a control character or a slash, and neither `.` nor `..`.",
        body=_DOCUMENT,
        example=_EXAMPLE,
        answers={201: Conversion},
        headers=_LOCATION,
    ),
    Operation(
        key="POST /job/available/{source}/{job_id}",
        tag="conversion",
        summary="Make a job available under an id of one's own, a ULID or a UUID",
        body=_DOCUMENT,
        example=_EXAMPLE,
        answers={201: Conversion},
        refusals=(409,),
        headers=_LOCATION,
    ),
    Operation(
        key="POST /job/done/{source}/{job_id}",
        tag="conversion",
        summary="Say that a job is done",
        answers={200: Message},
    ),
    *_branch("active"),
    *_branch("done"),
    *(_read(branch) for branch in ("available", "active", "done")),
)
