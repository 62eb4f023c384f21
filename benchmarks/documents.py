"""Jobs as the service itself writes them, in any number: copies of documents that it has made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database

from job_service.lifecycle.ids import IdRange

Document = dict[str, Any]

LEASE = timedelta(hours=1)
#: More than the clocks of the service and of the clients may differ by.
MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class Held:
    """Jobs that one claim holds."""

    claim_id: str
    job_ids: tuple[str, ...]


@dataclass(frozen=True)
class Shapes:
    """One document of each state, as the service left it in the database."""

    queued: Document
    running: Document
    completed: Document


def copies(shape: Document, count: int, seed: str) -> list[Document]:
    """Return jobs like this one, created a moment ago, each with an id and a dataset of its own."""
    now = datetime.now(UTC) - MOMENT
    ids = IdRange.at(now)
    made = []
    for number in range(count):
        job_id, name = ids[number], f"{seed}_{number}"
        job = shape | {"_id": job_id, "jobId": job_id, "createdAt": now, "updatedAt": now}
        job["parameters"] = shape["parameters"] | {"target": name}
        for field in ("datasetName", "formerDatasetName"):
            if field in shape:
                job[field] = name
        if "readyAt" in shape:
            job["readyAt"] = now
        made.append(job)
    return made


def held_copies(shape: Document, count: int, each: int, seed: str) -> tuple[list[Document], list[Held]]:
    """Return jobs under a lease, `each` of them under one claim, and who holds which."""
    jobs = copies(shape, count, seed)
    until = datetime.now(UTC) + LEASE
    held = []
    for first in range(0, count, each):
        share, claim_id = jobs[first : first + each], f"claim-{seed}-{first}"
        for job in share:
            job |= {"readyAt": until, "lease": shape["lease"] | {"claimId": claim_id, "until": until}}
        held.append(Held(claim_id, tuple(job["_id"] for job in share)))
    return jobs, held


def holdings(database: Database[Document]) -> list[Held]:
    """Return who holds which jobs of a database."""
    holders: dict[str, list[str]] = {}
    for job in database["inprogress"].find({}, {"lease.claimId": 1}):
        holders.setdefault(job["lease"]["claimId"], []).append(job["_id"])
    return [Held(claim_id, tuple(job_ids)) for claim_id, job_ids in holders.items()]


def share_of(held: Sequence[Held], client: int, clients: int) -> list[Held]:
    """Return what one of some clients is to finish, last first, to be taken from the end."""
    return list(held[client::clients])[::-1]
