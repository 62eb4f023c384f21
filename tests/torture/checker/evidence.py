"""What the checker knows: the histories, the faults of the maintenance flag in them, and the database at the end."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from tests.torture.history import FAIL, Op

Job = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise that was broken, with what shows it."""

    rule: str
    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a job's document, as the database's own log has it; `at` is the primary's wall clock, in seconds.

    `side` is the collection, `kind` `insert`, `update`, `replace` or `delete`; `fields` are those that it set.
    """

    side: str
    job_id: str
    kind: str
    at: float
    fields: dict[str, Any] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class End:
    """The database after everything has healed, read with majority, and its log of changes."""

    inprogress: dict[str, Job]
    completed: dict[str, Job]
    trail: list[Change] = field(default_factory=list)
    log_pieces: dict[str, list[Job]] = field(default_factory=dict)

    def find(self, job_id: str) -> Job | None:
        return self.inprogress.get(job_id) or self.completed.get(job_id)

    def __iter__(self) -> Iterator[Job]:
        return iter({**self.completed, **self.inprogress}.values())


@dataclass(frozen=True, slots=True)
class Lease:
    """One claim of one job, as its answers told: from `begun` to `until` of the server's clock.

    `given_up` is when the worker sent the request to end it or give it back, by the same clock. `answered` is when the
    worker first heard of it, by the clock of the history.
    """

    job_id: str
    claim_id: str
    begun: float
    until: float
    given_up: float
    answered: float


@dataclass(frozen=True)
class Evidence:
    """A history with the database at its end; `offset` leads from the clock of the history to the wall clock."""

    ops: list[Op]
    end: End
    offset: float = 0.0

    def named(self, *names: str) -> Iterator[Op]:
        return (op for op in self.ops if op.name in names)

    @cached_property
    def leases(self) -> dict[str, list[Lease]]:
        """Leases by job, in the order in which they began."""
        found: dict[tuple[str, str], dict[str, float]] = {}
        for op in self.named("claim"):
            for each in op.got["claims"] if op.ok else ():
                expires = seconds(each["expires"])
                lease = found.setdefault(
                    (each["jobId"], each["claimId"]),
                    {"begun": expires - op.asked["leaseSeconds"], "until": expires, "answered": op.ended},
                )
                lease["until"] = max(lease["until"], expires)
                lease["answered"] = min(lease["answered"], op.ended)
        self._renew(found)
        leases = defaultdict(list)
        for (job_id, claim_id), each in sorted(found.items(), key=lambda item: item[1]["begun"]):
            given_up = self._given_up.get((job_id, claim_id), float("inf"))
            leases[job_id].append(Lease(job_id, claim_id, **each, given_up=given_up))
        return leases

    def _renew(self, found: dict[tuple[str, str], dict[str, float]]) -> None:
        for op in self.named("update"):
            lease = found.get((op.asked["jobId"], op.asked["claimId"]))
            if lease and op.ok and "leaseExpiresAt" in op.got:
                lease["until"] = seconds(op.got["leaseExpiresAt"])

    @cached_property
    def _given_up(self) -> dict[tuple[str, str], float]:
        given: dict[tuple[str, str], float] = {}
        for op in self.named("end", "release"):
            given.setdefault((op.asked["jobId"], op.asked["claimId"]), op.begun + self.offset)
        return given

    @cached_property
    def pauses(self) -> list[tuple[float, float]]:
        """Return from when to when nothing may start: from the answer to the pause to the sending of its end."""
        spans: list[tuple[float, float]] = []
        since: float | None = None
        for op in self.named("maintenance"):
            if op.asked["pause"] and op.ok and since is None:
                since = op.ended
            elif not op.asked["pause"] and since is not None:
                spans.append((since, op.begun))
                since = None
        return spans if since is None else [*spans, (since, float("inf"))]

    @cached_property
    def put_back(self) -> set[str]:
        """Return the jobs that somebody wanted back in the queue after their end: they may run, and end, once more."""
        asked = ((op.asked["kind"], op.asked["number"]) for op in self.named("reopen"))
        return {self.numbered[place]["_id"] for place in asked if place in self.numbered}

    @cached_property
    def numbered(self) -> dict[tuple[str, int], Job]:
        return {(job["kind"], job["number"]): job for job in self.end if "number" in job}


def locate(ops: list[Op], end: End) -> None:
    """Give the operations that name an element by two numbers, as old clients do, the id of its job."""
    parents = {job["_id"]: job["number"] for job in end if job["kind"] == "transfer" and "number" in job}
    children = [job for job in end if job.get("parentId") in parents]
    # A listing that was interrupted may have left elements that count for nothing.
    marks = {
        job["parentId"]: job["parameters"].get("expansion") for job in children if not job["parameters"]["element"]
    }
    ids = {
        (parents[job["parentId"]], job["parameters"]["element"]): job["_id"]
        for job in children
        if job["parameters"].get("expansion") == marks.get(job["parentId"])
    }
    for op in ops:
        if "place" in op.asked:
            job, element = op.asked["place"]
            op.asked["jobId"] = ids.get((job, element), f"transfer {job}/{element}")


def seconds(moment: str | datetime) -> float:
    """Return a time as the service writes it as seconds since the epoch."""
    return (moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)).timestamp()


def acknowledged(evidence: Evidence) -> Iterator[tuple[str, str | None, Op]]:
    """Yield every job that was said to be taken in: a word for it, its id (None: there is none), and the operation."""
    for op in evidence.ops:
        if op.name == "submit" and op.ok:
            for result in op.got:
                if result["status"] == "CREATED":
                    yield result["job_id"], result["job_id"], op
        elif op.name == "submit-conversion" and (op.ok or _is_there(op)):
            yield op.asked["id"], op.asked["id"], op
        elif op.name == "submit-number" and op.ok:
            job = evidence.numbered.get((op.asked["kind"], op.got["number"]))
            yield f"{op.asked['kind']} {op.got['number']}", job["_id"] if job else None, op


def _is_there(op: Op) -> bool:
    """Say whether a repeated submission under an id was told that the id is there already."""
    return op.outcome == FAIL and op.status == 409 and "again" in op.asked


def grouped(items: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    """Return the values of each key."""
    groups: dict[Any, list[Any]] = {}
    for key, value in items:
        groups.setdefault(key, []).append(value)
    return groups
