"""The table of legal moves; `docs/lifecycle.md` draws it and a test compares the two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from job_service.lifecycle.job import State


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow of the state diagram."""

    letter: str
    verb: str
    source: State | None
    target: State


MOVES: tuple[Move, ...] = (
    Move("A", "create", None, State.QUEUED),
    Move("B", "claim", State.QUEUED, State.RUNNING),
    Move("C", "claim", State.RUNNING, State.RUNNING),
    Move("D", "release", State.RUNNING, State.QUEUED),
    Move("E", "fail", State.RUNNING, State.QUEUED),
    Move("F", "finish", State.RUNNING, State.COMPLETED),
    Move("G", "fail", State.RUNNING, State.FAILED),
    Move("H", "cancel", State.QUEUED, State.CANCELLED),
    Move("I", "cancel", State.RUNNING, State.CANCELLED),
    Move("J", "sweep", State.RUNNING, State.QUARANTINED),
    Move("K", "finish", State.QUEUED, State.COMPLETED),
    Move("L", "fail", State.QUEUED, State.FAILED),
    Move("M", "reopen", State.COMPLETED, State.QUEUED),
    Move("N", "reopen", State.FAILED, State.QUEUED),
    Move("O", "reopen", State.CANCELLED, State.QUEUED),
    Move("P", "reopen", State.QUARANTINED, State.QUEUED),
    Move("Q", "reopen", State.RUNNING, State.QUEUED),
    Move("R", "takeover", State.RUNNING, State.RUNNING),
)


def is_legal(source: State | None, target: State) -> bool:
    """Say whether some verb leads from `source` (None: nowhere) to `target`."""
    return any(move.source == source and move.target == target for move in MOVES)


class Transition(NamedTuple):
    """One move that a job has made; what the log, the metrics and the counters are told. Made by name.

    `waited` is the seconds from being claimable to the claim, `ran` those from the claim to the end.
    """

    verb: str
    job_id: str
    kind: str
    type: str | None
    source: State | None
    target: State
    at: datetime
    worker: str | None = None
    waited: float | None = None
    ran: float | None = None
    request_id: str | None = None


Observer = Callable[[Sequence[Transition]], None]


def observing_all(*observers: Observer) -> Observer:
    """Return an observer that calls each of these, in order."""

    def observe_all(transitions: Sequence[Transition]) -> None:
        for observe in observers:
            observe(transitions)

    return observe_all
