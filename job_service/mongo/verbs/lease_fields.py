"""The fields that a claim writes into a job."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from job_service.lifecycle.attempts import LEASE_LOST, MOST_REMEMBERED, Failure, past_attempt
from job_service.lifecycle.deadlines import lease_until, run_seconds
from job_service.lifecycle.job import STATES, Job, Lease, State
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.transitions import Transition
from job_service.mongo.database.client import Document
from job_service.mongo.verbs.claimed import ClaimAsked

_BY_LEASE = ("delayedBy", "runUntil", "overrunAt")


def lease_fields(asked: ClaimAsked, job: Job, kind: Kind, now: datetime) -> Document:
    """Return what puts a job under a lease of a claim."""
    most = run_seconds(job, kind)
    run_until = None if most is None else now + timedelta(seconds=most)
    until, is_cut = lease_until(now, asked.lease_seconds, run_until)
    lease = Lease(claimId=asked.claim_id, worker=asked.worker, until=until)
    if asked.unnamed:
        lease["unnamed"] = asked.unnamed
    fields = {"readyAt": until, "lease": lease, "leaseSeconds": asked.lease_seconds, "updatedAt": now}
    if run_until is not None:
        fields["runUntil"] = run_until
    if is_cut:
        fields["overrunAt"] = until
    return fields


def claim_fields(asked: ClaimAsked, job: Job, kind: Kind, now: datetime) -> Document:
    """Return what a claim sets."""
    running = {"state": State.RUNNING.value, "status": kind.words[State.RUNNING], "startedAt": now}
    return {**running, **lease_fields(asked, job, kind, now)}


def gone_by_lease(fields: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of the fields that a lease with these fields takes away."""
    return tuple(name for name in _BY_LEASE if name not in fields)


def lost_attempt(job: Job) -> Document:
    """Return the history of a job as it is once its lapsed lease has been lost to a claim; empty: as it was."""
    if job["state"] != State.RUNNING:
        return {}
    past = past_attempt(job, Failure(LEASE_LOST), job["lease"]["until"])
    return {"history": [*job.get("history", ()), past][-MOST_REMEMBERED:]}


def as_claimed(job: Job, fields: Document) -> Job:
    """Return what a claim that sets these fields makes of a job."""
    lost = job.get("leasesLost", 0) + (job["state"] == State.RUNNING)
    held = {**job, **fields, **lost_attempt(job), "claims": job.get("claims", 0) + 1, "leasesLost": lost}
    for name in gone_by_lease(fields):
        held.pop(name, None)
    return cast("Job", held)


def claimed(job: Job, asked: ClaimAsked, now: datetime) -> Transition:
    """Return the move of a claim; the job is given as it was before."""
    return Transition(
        verb="claim",
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=STATES[job["state"]],
        target=State.RUNNING,
        at=now,
        worker=asked.worker,
        request_id=asked.request_id,
        waited=max((now - job["readyAt"]).total_seconds(), 0.0),
    )
