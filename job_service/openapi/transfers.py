"""The work queue's routes."""

from typing import Any

from job_service.openapi.answers import Message
from job_service.openapi.family_answers import Element, ElementStatus, Monitored, Output, Transfer, TransferStatus
from job_service.openapi.operations import Operation, Parameter
from job_service.transfers.wire import MODELS, Fetch, Monitoring, NewOfAnyType, Outcome
from job_service.transfers.words import JobType

TAG = "transfer"
PREFIX = "/workqueue/api/v1.0"
_JOB = f"{PREFIX}/jobs/{{job_id}}"
_ELEMENT = f"{_JOB}/elements/{{element_id}}"
_WORK = f"{PREFIX}/worker/jobs"
_HELD = f"{_WORK}/{{job_id}}/elements/{{element_id}}"
_TO_COPY = {"src_siteid": 1, "src_filepath": "/data/a.dat", "dst_siteid": 2, "dst_filepath": "/data/b.dat"}
_EXAMPLES: dict[JobType, dict[str, Any]] = {
    JobType.COPY: _TO_COPY,
    JobType.RENAME: {"src_siteid": 1, "src_filepath": "/data/a.dat", "dst_filepath": "/data/b.dat"},
}
_ONE_SIDED = {"src_siteid": 1, "src_filepath": "/data/a"}


def _read(path: str, summary: str, answered: Any, *parameters: Parameter, refusals: tuple[int, ...] = ()) -> Operation:
    return Operation(
        key=f"GET {path}",
        tag=TAG,
        summary=summary,
        answers={200: answered},
        parameters=parameters,
        refusals=refusals,
        what="Only the user's own; those of others do not exist.",
    )


_EVERY = Parameter("attempts", {"type": "string", "enum": ["latest", "all"]}, "The latest of each element, or all.")

OPERATIONS = (
    Operation(
        key=f"POST {PREFIX}/jobs",
        tag=TAG,
        summary="Register a job of any type",
        body=NewOfAnyType,
        example={"type": JobType.COPY.value, **_TO_COPY},
        what=f"The type by its number, or by its name: {', '.join(f'{each.name} {each.value}' for each in JobType)}.",
        answers={200: Transfer},
    ),
    *(
        Operation(
            key=f"POST {PREFIX}/{job_type.name.lower()}",
            tag=TAG,
            summary=f"Register a {job_type.name} job",
            body=model,
            example=_EXAMPLES.get(job_type, _ONE_SIDED),
            answers={200: Transfer},
        )
        for job_type, model in MODELS.items()
    ),
    _read(f"{PREFIX}/jobs", "The user's jobs", list[Transfer]),
    _read(_JOB, "A job", Transfer),
    _read(f"{_JOB}/status", "Where a job is", TransferStatus),
    _read(f"{_JOB}/elements", "The elements of a job", list[Element]),
    _read(_ELEMENT, "An element", Element),
    _read(f"{_ELEMENT}/status", "Where an element is", ElementStatus),
    _read(f"{_JOB}/output", "What the attempts at a job's elements wrote", list[Output], _EVERY, refusals=(500,)),
    _read(f"{_ELEMENT}/output", "What the latest attempt wrote", Output, refusals=(500,)),
    _read(f"{_ELEMENT}/output/{{attempt}}", "What one attempt wrote; -1 is the last", Output, refusals=(500,)),
    Operation(
        key=f"POST {_WORK}",
        tag=TAG,
        summary="Claim elements, grouped by job, each with its token; 404 when there is no work",
        body=Fetch,
        answers={200: list[dict[str, Any]]},
        refusals=(404,),
    ),
    Operation(
        key=f"PUT {_HELD}",
        tag=TAG,
        summary="Record how an attempt has ended",
        what="With the element's token in `X-Token`.",
        body=Outcome,
        answers={200: Message},
    ),
    Operation(
        key=f"PUT {_HELD}/monitoring",
        tag=TAG,
        summary="Say how an attempt goes, and keep its lease",
        what="With the element's token in `X-Token`.",
        body=Monitoring,
        answers={200: Monitored},
    ),
)
