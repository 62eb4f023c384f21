"""The limit: pymongo alone, doing what the service does to the same documents, with the service's own durability."""

from datetime import UTC, datetime
from itertools import count
from secrets import token_hex
from typing import Any

import orjson
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database

from benchmarks.crew import Step
from benchmarks.documents import LEASE, Document, Held, copies, share_of
from job_service.mongo.database.client import connect
from job_service.mongo.database.collections import CLAIM_ORDER, QUEUES, due

_KIND = "dataset"
_databases: dict[tuple[str, str], Database[Document]] = {}


def _open(url: str, name: str) -> Database[Document]:
    """Return a database; a client process has one pool, and each client a warm connection."""
    key = (url, name)
    if key not in _databases:
        _databases[key] = connect(url)[name]
    database = _databases[key]
    database["inprogress"].find_one({"_id": ""})
    return database


def submit(client: int, url: str, name: str, shape: Document, size: int) -> Step:
    jobs, seed, numbers = _open(url, name)["inprogress"], token_hex(4).upper(), count()

    def step() -> int:
        made = copies(shape, size, f"A{seed}_{client}_{next(numbers)}")
        if size == 1:
            jobs.insert_one(made[0])
        else:
            jobs.insert_many(made, ordered=False)
        return size

    return step


def claim(client: int, url: str, name: str, size: int) -> Step:
    jobs, worker, numbers = _open(url, name)["inprogress"], f"worker-{client}", count()
    seed = token_hex(8)

    def one() -> int:
        now = datetime.now(UTC)
        claimable = {QUEUES: _KIND, "readyAt": due(now)}
        update = _lease(f"{seed}-{client}-{next(numbers)}", worker, now)
        found = jobs.find_one_and_update(claimable, update, sort=CLAIM_ORDER, return_document=ReturnDocument.AFTER)
        return 1 if found else 0

    def many() -> int:
        return len(_take(jobs, size, f"{seed}-{client}-{next(numbers)}", worker))

    return one if size == 1 else many


def finish(client: int, url: str, name: str, held: list[Held], clients: int) -> Step:
    database = _open(url, name)
    jobs, completed = database["inprogress"], database["completed"]
    share = share_of(held, client, clients)
    ids = [job_id for each in share for job_id in each.job_ids]
    documents = {job["_id"]: job for job in jobs.find({"_id": {"$in": ids}})}

    def one(each: Held) -> None:
        fence: dict[str, Any] = {"_id": each.job_ids[0], "lease.claimId": each.claim_id}
        ended = jobs.find_one_and_update(fence, _end(datetime.now(UTC)), return_document=ReturnDocument.AFTER)
        if ended is None:
            raise LookupError("the job is not held")
        completed.replace_one({"_id": ended["_id"]}, ended, upsert=True)
        jobs.delete_one({"_id": ended["_id"]})

    def step() -> int:
        if not share:
            return 0
        each = share.pop()
        if len(each.job_ids) == 1:
            one(each)
        else:
            _finish_many(database, [documents[job_id] for job_id in each.job_ids], each.claim_id)
        return len(each.job_ids)

    return step


def whole_way(client: int, url: str, name: str, size: int, batches: int, shape: Document) -> Step:
    """Claim and finish until nothing is left; first submit so many batches."""
    database = _open(url, name)
    jobs, worker, seed, numbers = database["inprogress"], f"worker-{client}", token_hex(8), count()
    left = iter(range(batches))

    def step() -> int:
        for batch in left:
            jobs.insert_many(copies(shape, size, f"W{seed}_{client}_{batch}"), ordered=False)
        claim_id = f"{seed}-{client}-{next(numbers)}"
        mine = _take(jobs, size, claim_id, worker)
        if mine:
            _finish_many(database, mine, claim_id)
        return len(mine)

    return step


def list_all(_client: int, url: str, name: str, size: int) -> Step:
    """Read the newest jobs, and write them with a compiled encoder."""
    jobs = _open(url, name)["completed"]

    def step() -> int:
        found = list(jobs.find({"kind": _KIND}).sort("_id", -1).limit(size))
        orjson.dumps(found)
        return len(found)

    return step


def fill_completed(client: int, url: str, name: str, shape: Document, size: int) -> Step:
    """Put ended jobs away, a batch a step."""
    completed, seed, numbers = _open(url, name)["completed"], token_hex(4).upper(), count()

    def step() -> int:
        completed.insert_many(copies(shape, size, f"C{seed}_{client}_{next(numbers)}"), ordered=False)
        return size

    return step


def _take(jobs: Collection[Document], size: int, claim_id: str, worker: str) -> list[Document]:
    """Claim a batch; nothing only when there is nothing, not when others were faster."""
    while True:
        now = datetime.now(UTC)
        claimable = {QUEUES: _KIND, "readyAt": due(now)}
        ids = [job["_id"] for job in jobs.find(claimable, {"_id": 1}).sort(CLAIM_ORDER).limit(size)]
        if not ids:
            return []
        jobs.update_many({"_id": {"$in": ids}, "readyAt": due(now)}, _lease(claim_id, worker, now))
        mine = list(jobs.find({"_id": {"$in": ids}, "lease.claimId": claim_id}))
        if mine:
            return mine


def _finish_many(database: Database[Document], mine: list[Document], claim_id: str) -> None:
    now, these = datetime.now(UTC), {"_id": {"$in": [job["_id"] for job in mine]}}
    database["inprogress"].update_many({**these, "lease.claimId": claim_id}, _end(now))
    database["completed"].insert_many([_ended(job, now) for job in mine], ordered=False)
    database["inprogress"].delete_many(these)


def _lease(claim_id: str, worker: str, now: datetime) -> Document:
    until = now + LEASE
    lease = {"claimId": claim_id, "worker": worker, "until": until}
    fields = {"state": "running", "status": "initiated", "readyAt": until, "lease": lease}
    times = {"leaseSeconds": LEASE.total_seconds(), "startedAt": now, "updatedAt": now}
    return {"$set": {**fields, **times}, "$inc": {"claims": 1}}


_GONE = ("lease", "readyAt", "datasetName", "leaseSeconds")


def _ends(now: datetime) -> Document:
    return {"state": "completed", "status": "completed", "updatedAt": now, "finishedAt": now}


def _end(now: datetime) -> Document:
    lines = {"at": now, "message": "Set status: completed"}
    return {"$set": _ends(now), "$unset": dict.fromkeys(_GONE, ""), "$inc": {"endSeq": 1}, "$push": {"log": lines}}


def _ended(job: Document, now: datetime) -> Document:
    """Return the document as `_end` leaves it."""
    left = {name: value for name, value in job.items() if name not in _GONE}
    log = [*job["log"], {"at": now, "message": "Set status: completed"}]
    return {**left, **_ends(now), "endSeq": job["endSeq"] + 1, "log": log}
