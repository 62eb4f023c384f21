"""Explains why a job is in its state: pure rules over facts that the store gathers with the claims' own predicate."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from job_service.lifecycle.deadlines import run_is_over, start_is_over
from job_service.lifecycle.job import ENDED, Job, State

MOST_AHEAD = 10_000


class Reason(TypedDict):
    """A reason why a job is in its state; some codes have further fields."""

    code: Literal[
        "paused",
        "not-before",
        "backing-off",
        "leased",
        "ahead-in-queue",
        "no-live-worker",
        "quarantined",
        "not-started-in-time",
        "ran-too-long",
        "finished",
        "waiting-for-children",
    ]
    message: str


class Explanation(TypedDict):
    """The reasons why a job is in its state, and whether a claim could get it now."""

    jobId: str
    state: State
    claimable: bool
    reasons: list[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts about other jobs, claims and limits that concern a job, at one moment."""

    now: datetime
    pause: dict[str, Any] | None
    served: bool  #: whether a recent claim was for jobs like this one
    ahead: int  #: how many claimable jobs go first, counted up to MOST_AHEAD
    children_alive: int
    worker: str = ""  #: the command of this project whose workers claim jobs of the kind
    spent: bool = False  #: whether `readyAt` has come and the job must not be claimed as it is


def explain(job: Job, facts: Facts) -> dict[str, Any]:
    """Return `{jobId, state, claimable, reasons: [{code, message, ...}]}`; claimable: a claim now could get it."""
    reasons = list(_reasons(job, facts))
    due = "readyAt" in job and job["readyAt"] <= facts.now and job["state"] not in ENDED
    return {
        "jobId": job["_id"],
        "state": job["state"],
        "claimable": due and facts.pause is None and not facts.spent,
        "reasons": reasons,
    }


def _reasons(job: Job, facts: Facts) -> Iterator[dict[str, Any]]:
    if job["state"] in ENDED:
        yield from _ended(job)
    elif job.get("waits") == "turn":
        yield _reason("waiting-for-children", "Other elements of its job have to end first")
    elif job.get("waits") == "confirmation":
        yield _reason("not-before", "It is being submitted; it can be claimed in a moment")
    elif "readyAt" not in job:
        alive = facts.children_alive
        yield _reason("waiting-for-children", f"{alive} of its elements have not ended yet", children=alive)
    else:
        yield from _waiting(job, facts)


def _ended(job: Job) -> Iterator[dict[str, Any]]:
    if job["state"] == State.QUARANTINED:
        why = job.get("error", "Too many workers were lost")
        yield _reason("quarantined", why, leasesLost=job.get("leasesLost", 0))
    yield _reason("finished", f"The job has ended as {job['state']}", finishedAt=job["finishedAt"])


def _waiting(job: Job, facts: Facts) -> Iterator[dict[str, Any]]:
    if facts.pause is not None:
        message = f"Nothing starts: {facts.pause['msg']}" if facts.pause["msg"] else "Nothing starts"
        yield _reason("paused", message, since=facts.pause.get("timestamp"))
    if start_is_over(job, facts.now) and not _is_held(job, facts.now):
        yield _reason("not-started-in-time", "It was not started in time: the sweep is about to end it")
        return
    if job["readyAt"] > facts.now:
        yield _not_ready(job)
        return
    if run_is_over(job, facts.now):
        yield _reason("ran-too-long", "Its attempt took longer than it may, and is about to count as failed")
        return
    if facts.spent:
        yield _reason("quarantined", "It lost its last lease, or was cancelled: the sweep is about to end it")
        return
    if facts.ahead:
        some = f"at least {facts.ahead}" if facts.ahead >= MOST_AHEAD else str(facts.ahead)
        yield _reason("ahead-in-queue", f"{some} claimable jobs of this kind go first", ahead=facts.ahead)
    if not facts.served:
        start = f"; start: {facts.worker}" if facts.worker else ""
        yield _reason("no-live-worker", f"Nobody has asked for jobs like this one in the last two minutes{start}")


def _not_ready(job: Job) -> dict[str, Any]:
    until = job["readyAt"]
    if job["state"] == State.RUNNING:
        worker = job["lease"]["worker"]
        asked = ", and has been asked to stop" if "cancelRequestedAt" in job else ""
        return _reason("leased", f"{worker} holds it{asked}", worker=worker, until=until, runUntil=job.get("runUntil"))
    if job.get("delayedBy") == "backing-off":
        return _reason(
            "backing-off", f"It failed {job.get('attempts', 0)} times and waits before the next try", until=until
        )
    return _reason("not-before", "It is not to start before this time", until=until)


def _is_held(job: Job, now: datetime) -> bool:
    return job["state"] == State.RUNNING and job["readyAt"] > now


def _reason(code: str, message: str, **data: Any) -> dict[str, Any]:
    return {"code": code, "message": message, **{name: value for name, value in data.items() if value is not None}}
