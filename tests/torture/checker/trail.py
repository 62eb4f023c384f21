"""What the database's own log of changes must keep to: the diagram, one lease at a time, no job gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from job_service.lifecycle.job import ENDED, State
from job_service.lifecycle.transitions import is_legal
from tests.torture.checker.evidence import Change, Evidence, Violation, seconds


@dataclass(slots=True)
class Track:
    """Where a job is, as far as the changes so far tell."""

    state: State | None = None
    until: datetime | None = None
    copied: bool = False


def check(evidence: Evidence) -> Iterator[Violation]:
    """Follow every job through its changes."""
    tracks: dict[str, Track] = {}
    for change in evidence.end.trail:
        track = tracks.setdefault(change.job_id, Track())
        if change.side == "completed":
            yield from _completed(change, track)
        elif change.kind == "delete":
            if track.state not in ENDED or not track.copied:
                yield Violation("job lost", change.job_id, f"removed from inprogress as {track.state}, without a copy")
        else:
            yield from _move(change, track, put_back=change.job_id in evidence.put_back)


def _completed(change: Change, track: Track) -> Iterator[Violation]:
    track.copied = change.kind != "delete"
    state = change.fields.get("state")
    if state is not None and state != track.state and track.state in ENDED:
        yield Violation("illegal transition", change.job_id, f"it ended as {track.state} and was copied as {state}")


def _move(change: Change, track: Track, *, put_back: bool) -> Iterator[Violation]:
    claimed = change.kind == "update" and "claims" in change.fields
    state = State(change.fields["state"]) if "state" in change.fields else State.RUNNING if claimed else track.state
    if claimed and track.state is State.RUNNING:
        yield from _takeover(change, track)
    if (state is not track.state or claimed) and state is not None:
        if not _may(track.state, state, put_back=put_back):
            rule = "ended twice" if track.state in ENDED and state in ENDED else "illegal transition"
            yield Violation(rule, change.job_id, f"from {track.state} to {state} at {change.at:.3f}")
        track.state = state
    track.until = _until(change) or track.until


def _may(source: State | None, target: State, *, put_back: bool) -> bool:
    """Say whether a move is in the diagram; an end is final unless somebody has asked for the job back."""
    if source in ENDED and target is State.QUEUED:
        return put_back
    return is_legal(source, target)


def _takeover(change: Change, track: Track) -> Iterator[Violation]:
    started = change.fields.get("startedAt")
    if track.until is not None and started is not None and started < track.until:
        early = seconds(track.until) - seconds(started)
        yield Violation(
            "two live leases", change.job_id, f"taken {early:.3f} s before the lease it was under had ended"
        )


def _until(change: Change) -> datetime | None:
    lease = change.fields.get("lease") or {}
    until: datetime | None = change.fields.get("lease.until") or lease.get("until")
    return until
