"""Jobs and elements as users and workers of the work queue know them."""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from job_service.lifecycle.job import ENDED, Job, State
from job_service.transfers.document import attempts_of, element_status, turned
from job_service.transfers.words import JobProtocol, JobStatus, JobType

_FIGURES = ("transferred", "instant", "average", "elapsed")
_NOT_KNOWN = "N/A"


# Named types stand in the description under their names; a field's type without one is given a name by each generator
# of clients, made of the schema's and the field's, which may be that of another schema.
JobWord = TypeAliasType("JobWord", Literal["NEW", "DONE", "FAILED", "SUBMITTED", "RUNNING"])
TypeWord = TypeAliasType("TypeWord", Literal["LIST", "COPY", "REMOVE", "RENAME", "MKDIR"])
Figure = TypeAliasType("Figure", float | Literal["N/A"])


class Transfer(TypedDict):
    """A transfer; the list of jobs also has the numbers of elements."""

    id: int
    user_id: int
    src_siteid: int
    src_filepath: str
    dst_siteid: int | None
    dst_filepath: str | None
    type: TypeWord
    status: JobWord
    extra_opts: dict[str, Any]
    priority: Annotated[int, Field(description="0 to 9; 0 is the most urgent.")]
    protocol: str
    log_uid: str
    timestamp: datetime
    error: NotRequired[str]
    num_elements: NotRequired[int]
    num_new: NotRequired[int]
    num_done: NotRequired[int]
    num_failed: NotRequired[int]
    num_submitted: NotRequired[int]
    num_running: NotRequired[int]


class Element(TypedDict):
    """A part of a transfer."""

    id: int
    job_id: int
    src_filepath: str
    dst_filepath: NotRequired[str]
    size: int
    max_tries: int
    attempts: int
    type: TypeWord
    status: JobWord
    timestamp: datetime
    listing: NotRequired[dict[str, Any]]


class TransferStatus(TypedDict):
    """The progress of a transfer."""

    jobid: int
    status: JobWord


class ElementStatus(TypedDict):
    """The progress and rates of an element: `N/A` where its worker has not reported a figure."""

    jobid: int
    elementid: int
    status: JobWord
    attempts: int
    transferred: Figure
    instant: Figure
    average: Figure
    elapsed: Figure


class Output(TypedDict):
    """The output of one attempt at an element."""

    jobid: int
    elementid: int
    attempt: int
    type: TypeWord
    status: JobWord
    log: str
    listing: NotRequired[dict[str, Any]]


class Monitored(TypedDict):
    """The answer to an attempt's figures: whether to go on."""

    message: str
    action: Literal["continue", "cancel"]


def shown_job(job: Job, status: JobStatus) -> dict[str, Any]:
    """Return a job as its user knows it, with every field: null for the destination of a job without one.

    A job that did not complete has the reason in `error`.
    """
    parameters = job["parameters"]
    ended_badly = job["state"] in ENDED and job["state"] != State.COMPLETED
    error = {"error": "\n".join(line["message"] for line in job["log"])} if ended_badly else {}
    return {
        "id": job["number"],
        "user_id": job["createdBy"]["userId"],
        "src_siteid": parameters["src_siteid"],
        "dst_siteid": parameters.get("dst_siteid"),
        "src_filepath": parameters["src_filepath"],
        "dst_filepath": parameters.get("dst_filepath"),
        "type": job["type"],
        "status": status.name,
        "extra_opts": parameters["extra_opts"],
        "priority": turned(job["priority"]),
        "protocol": parameters["protocol"],
        "log_uid": job["_id"].replace("-", ""),
        "timestamp": job["createdAt"],
        **error,
    }


def shown_element(element: Job) -> dict[str, Any]:
    """Return an element as its user knows it."""
    parameters = element["parameters"]
    shown = {
        "id": parameters["element"],
        "job_id": parameters["job"],
        "src_filepath": parameters["src_filepath"],
        "dst_filepath": parameters.get("dst_filepath"),
        "size": parameters["size"],
        "max_tries": element["maxAttempts"],
        "attempts": attempts_of(element),
        "type": element["type"],
        "status": element_status(element).name,
        "timestamp": element["updatedAt"],
    }
    return {name: value for name, value in shown.items() if value is not None}


def shown_figures(element: Job) -> dict[str, Any]:
    """Return an attempt's figures: those that its worker has reported, `N/A` for the others."""
    told = element.get("result")
    known = told if isinstance(told, dict) else {}
    return {name: _NOT_KNOWN if known.get(name) is None else known[name] for name in _FIGURES}


def work_item(element: Job, token: str) -> dict[str, Any]:
    """Return an element as a worker gets it: numbers for enumerations, and its token."""
    numbers = {"type": JobType[element["type"]].value, "status": element_status(element).value, "token": token}
    return {**shown_element(element), **numbers}


def work_group(job: Job, items: list[dict[str, Any]], credentials: dict[str, Any]) -> dict[str, Any]:
    """Return a job with its elements as a worker gets it, with the credentials."""
    numbers = {"type": JobType[job["type"]].value, "status": JobStatus.SUBMITTED.value}
    protocol = JobProtocol[job["parameters"]["protocol"]].value
    group = {**shown_job(job, JobStatus.SUBMITTED), **numbers, "protocol": protocol, "elements": items}
    return {**group, **_proxies(job, credentials), **({"credentials": credentials} if credentials else {})}


def _proxies(job: Job, credentials: dict[str, Any]) -> dict[str, str]:
    """Return the proxy certificates in the field that older workers need."""
    sides = ("src", "dst") if "dst_siteid" in job["parameters"] else ("src",)
    return {f"{side}_credentials": credentials.get(side, {}).get("proxy", "") for side in sides}
