"""The description of the work queue's routes."""

from typing import Any

from job_service.transfers.routes import PREFIX
from job_service.transfers.showing import Element, ElementStatus, Monitored, Output, Transfer, TransferStatus
from job_service.transfers.wire import MODELS, Fetch, Monitoring, NewOfAnyType, Outcome
from job_service.transfers.words import JobType
from job_service.web.answers import Message
from job_service.web.operations import Operation, Parameter, Section

_JOB = f"{PREFIX}/jobs/{{job_id}}"
_ELEMENT = f"{_JOB}/elements/{{element_id}}"
_WORK = f"{PREFIX}/worker/jobs"
_HELD = f"{_WORK}/{{job_id}}/elements/{{element_id}}"
_ONE_SIDED = {"src_siteid": 1, "src_filepath": "/data/a"}
_EXAMPLES: dict[JobType, dict[str, Any]] = {
    JobType.COPY: {"src_siteid": 1, "src_filepath": "/data/a.dat", "dst_siteid": 2, "dst_filepath": "/data/b.dat"},
    JobType.RENAME: {"src_siteid": 1, "src_filepath": "/data/a.dat", "dst_filepath": "/data/b.dat"},
}
_EVERY = Parameter("attempts", {"type": "string", "enum": ["latest", "all"]}, "The latest of each element, or all.")
_OWN = "Only the user's own; those of others do not exist."
_WITH_TOKEN = "With the element's token in `X-Token`."  # noqa: S105  a sentence, no secret

_SUBMITTING = (
    Operation(
        f"POST {PREFIX}/jobs",
        "Register a job of any type",
        Transfer,
        f"The type by its number, or by its name: {', '.join(f'{each.name} {each.value}' for each in JobType)}.",
        body=NewOfAnyType,
        example={"type": JobType.COPY.value, **_EXAMPLES[JobType.COPY]},
    ),
    *(
        Operation(
            f"POST {PREFIX}/{job_type.name.lower()}",
            f"Register a {job_type.name} job",
            Transfer,
            body=model,
            example=_EXAMPLES.get(job_type, _ONE_SIDED),
        )
        for job_type, model in MODELS.items()
    ),
)
_READING = (
    Operation(f"GET {PREFIX}/jobs", "The user's jobs", list[Transfer], _OWN),
    Operation(f"GET {_JOB}", "A job", Transfer, _OWN),
    Operation(f"GET {_JOB}/status", "Where a job is", TransferStatus, _OWN),
    Operation(f"GET {_JOB}/elements", "The elements of a job", list[Element], _OWN),
    Operation(f"GET {_ELEMENT}", "An element", Element, _OWN),
    Operation(f"GET {_ELEMENT}/status", "Where an element is", ElementStatus, _OWN),
    Operation(
        f"GET {_JOB}/output",
        "What the attempts at a job's elements wrote",
        list[Output],
        _OWN,
        parameters=(_EVERY,),
        refusals=(500,),
    ),
    Operation(f"GET {_ELEMENT}/output", "What the latest attempt wrote", Output, _OWN, refusals=(500,)),
    Operation(
        f"GET {_ELEMENT}/output/{{attempt}}", "What one attempt wrote; -1 is the last", Output, _OWN, refusals=(500,)
    ),
)
_WORKING = (
    Operation(
        f"POST {_WORK}",
        "Claim elements, grouped by job, each with its token; 404 when there is no work",
        list[dict[str, Any]],
        body=Fetch,
        refusals=(404,),
    ),
    Operation(f"PUT {_HELD}", "Record how an attempt has ended", Message, _WITH_TOKEN, body=Outcome),
    Operation(
        f"PUT {_HELD}/monitoring",
        "Say how an attempt goes, and keep its lease",
        Monitored,
        _WITH_TOKEN,
        body=Monitoring,
    ),
)

TRANSFERS = Section("transfer", "Transfers of files, made of elements.", (*_SUBMITTING, *_READING, *_WORKING))
