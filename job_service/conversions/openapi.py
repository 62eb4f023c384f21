"""The description of `/job`."""

from typing import Any

from job_service.conversions.wire import Conversion
from job_service.web.answers import Message
from job_service.web.operations import LOCATION, Operation, Section

_DOCUMENT = dict[str, Any]
_EXAMPLE = {"title": "An article", "pages": 12}
_KEPT = "A HEAD of an active job is how a converter keeps it."


def _branch(branch: str) -> tuple[Operation, ...]:
    page = f"The jobs of a source that are {branch}, newest first"
    return (
        Operation(f"GET /job/{branch}", f"How many jobs are {branch}, by source", dict[str, int]),
        Operation(f"GET /job/{branch}/{{source}}", page, list[Conversion], paged=True),
    )


CONVERSIONS = Section(
    "conversion",
    "Documents for the converters of a source.",
    (
        Operation("GET /job", "How many jobs there are, by state and source", dict[str, dict[str, int]]),
        Operation("GET /job/available", "Claim the oldest available job", Conversion, refusals=(404,)),
        Operation("GET /job/available/{source}", "Claim the oldest available job of a source", Conversion),
        Operation(
            "POST /job/available/{source}",
            "Make a job available",
            Conversion,
            "A source is 1 to 200 characters without a control character or a slash, and neither `.` nor `..`.",
            statuses=(201,),
            body=_DOCUMENT,
            example=_EXAMPLE,
            headers=LOCATION,
        ),
        Operation(
            "POST /job/available/{source}/{job_id}",
            "Make a job available under an id of one's own, a ULID or a UUID",
            Conversion,
            statuses=(201,),
            body=_DOCUMENT,
            example=_EXAMPLE,
            refusals=(409,),
            headers=LOCATION,
        ),
        Operation("POST /job/done/{source}/{job_id}", "Say that a job is done", Message),
        *_branch("active"),
        *_branch("done"),
        Operation("GET /job/available/{source}/{job_id}", "Read a job that is available", Conversion),
        Operation("GET /job/active/{source}/{job_id}", "Read a job that is active", Conversion, _KEPT),
        Operation("GET /job/done/{source}/{job_id}", "Read a job that is done", Conversion),
    ),
)
