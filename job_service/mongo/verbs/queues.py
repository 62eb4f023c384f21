"""The queues of jobs, and the queues that a claim reads.

A queue has the claimable jobs of a kind, or those of them that have a certain type, key or label. Its name is
`dataset`, `dataset type ADD`, `email key anna` or `email label language=no`. A job carries the names of its queues from
its submission on: those in `Kind.claims_by` and no others. So one index serves the claims of all kinds, and
no claim passes over jobs of other kinds.
"""

from datetime import datetime

from job_service.lifecycle.job import Job
from job_service.lifecycle.kind import Kind, Narrowing
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import BY_ID_ORDER, CLAIM_ORDER, QUEUES, QUEUES_BY_ID, due


def queues_of(kind: Kind, job: Job) -> Job:
    """Return the fields of a job that name its queues.

    The fields are `queues` and, for a kind whose oldest id goes first, `queuesById`, which its claims read, while
    `queues` only tells whether, and since when, there is something to claim.
    """
    by, name = kind.claims_by, kind.name
    whole = [name] if "kind" in by else []
    parts = []
    if "type" in by and "type" in job:
        parts.append(f"{name} type {job['type']}")
    if "key" in by and "key" in job:
        parts.append(f"{name} key {job['key']}")
    if "label" in by and "labels" in job:
        parts += [f"{name} label {label}" for label in job["labels"]]
    return Job(queues=whole, queuesById=whole + parts) if kind.by_id else Job(queues=whole + parts)


def may_start(kind: Kind, narrowing: Narrowing, now: datetime) -> Document:
    """Return the predicate of a claim at that time, which `explain` uses as well.

    The claim reads the queues of what it narrows by most: labels, else keys, else types. The rest are conditions.
    """
    found: Document = {claim_index(kind): _queues_read(kind, narrowing), "readyAt": due(now)}
    if narrowing.keys and narrowing.labels:
        found["key"] = {"$in": list(narrowing.keys)}
    if narrowing.types and (narrowing.keys or narrowing.labels):
        found["type"] = {"$in": list(narrowing.types)}
    if narrowing.dataset_names:
        found["datasetName"] = {"$in": list(narrowing.dataset_names)}
    return found


def ready(kind: Kind, now: datetime) -> Document:
    """Return the predicate of a kind's claimable jobs at that time; the index `QUEUES` has them by age."""
    return {QUEUES: _queues_read(kind, Narrowing(kind.name)), "readyAt": due(now)}


def claim_index(kind: Kind) -> str:
    """Return the name of the index that the claims of a kind use, which is that of the field with the queues."""
    return QUEUES_BY_ID if kind.by_id else QUEUES


def claim_order(kind: Kind) -> list[tuple[str, int]]:
    """Return the order in which jobs of a kind are claimed."""
    return BY_ID_ORDER if kind.by_id else CLAIM_ORDER


def _queues_read(kind: Kind, narrowing: Narrowing) -> str | Document:
    """Return the condition on the queues: a job has to have all labels, and any one of the keys or types."""
    # Where no queue has all jobs of the kind, the queues of its types have them together.
    types = narrowing.types or (() if "kind" in kind.claims_by else kind.types)
    for by, values, operator in (
        ("label", narrowing.labels, "$all"),
        ("key", narrowing.keys, "$in"),
        ("type", types, "$in"),
    ):
        if values:
            queues = [f"{kind.name} {by} {value}" for value in values]
            return queues[0] if len(queues) == 1 else {operator: queues}
    return kind.name
