"""The table of legal transitions; `docs/lifecycle.md` draws it and a test compares the two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from job_service.lifecycle.job import Job, State


@dataclass(frozen=True, slots=True)
class LegalTransition:
    """A legal transition: one arrow of the state diagram."""

    letter: str
    verb: str
    source: State | None
    target: State


LEGAL_TRANSITIONS: tuple[LegalTransition, ...] = (
    LegalTransition("A", "create", None, State.QUEUED),
    LegalTransition("B", "claim", State.QUEUED, State.RUNNING),
    LegalTransition("C", "claim", State.RUNNING, State.RUNNING),
    LegalTransition("D", "release", State.RUNNING, State.QUEUED),
    LegalTransition("E", "fail", State.RUNNING, State.QUEUED),
    LegalTransition("F", "finish", State.RUNNING, State.COMPLETED),
    LegalTransition("G", "fail", State.RUNNING, State.FAILED),
    LegalTransition("H", "cancel", State.QUEUED, State.CANCELLED),
    LegalTransition("I", "cancel", State.RUNNING, State.CANCELLED),
    LegalTransition("J", "sweep", State.RUNNING, State.QUARANTINED),
    LegalTransition("K", "finish", State.QUEUED, State.COMPLETED),
    LegalTransition("L", "fail", State.QUEUED, State.FAILED),
    LegalTransition("M", "reopen", State.COMPLETED, State.QUEUED),
    LegalTransition("N", "reopen", State.FAILED, State.QUEUED),
    LegalTransition("O", "reopen", State.CANCELLED, State.QUEUED),
    LegalTransition("P", "reopen", State.QUARANTINED, State.QUEUED),
    LegalTransition("Q", "reopen", State.RUNNING, State.QUEUED),
    LegalTransition("R", "takeover", State.RUNNING, State.RUNNING),
)


def is_legal(source: State | None, target: State) -> bool:
    """Say whether some verb leads from `source` (None: a new job) to `target`."""
    return any(move.source == source and move.target == target for move in LEGAL_TRANSITIONS)


class Transition(NamedTuple):
    """A stored change of a job's state, for the log, the metrics and the counters. Constructed with keywords."""

    verb: str  #: the verb that changed the state
    job_id: str  #: the job
    kind: str  #: the kind of the job
    type: str | None  #: the job's type
    source: State | None  #: None: a new job
    target: State  #: the new state
    at: datetime  #: by the database's clock
    worker: str | None = None  #: the worker that holds, or held, the job
    waited: float | None = None  #: seconds from being claimable to the claim
    ran: float | None = None  #: seconds from the claim to the end
    request_id: str | None = None  #: the HTTP request that caused it


def requeued(verb: str, job: Job, now: datetime, request_id: str | None = None) -> Transition:
    """Return the move of a held job, given as it was before, back into the queue."""
    return Transition(
        verb=verb,
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=State.RUNNING,
        target=State.QUEUED,
        at=now,
        worker=job["lease"]["worker"],
        request_id=request_id,
    )


Observer = Callable[[Sequence[Transition]], None]


def observing_all(*observers: Observer) -> Observer:
    """Return an observer that calls each of these, in order."""

    def observe_all(transitions: Sequence[Transition]) -> None:
        for observe in observers:
            observe(transitions)

    return observe_all
