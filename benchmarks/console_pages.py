"""How fast the console's pages are among 1,000,000 jobs: p50 and p95 of overview, list, filters and one job.

Starts a private mongod, fills it, and asks the application through Flask's test client, one request after another:

    python benchmarks/console_pages.py [jobs] [rounds]
"""

import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from job_service.app import create_app
from job_service.embedded.mongod import PrivateMongod
from job_service.lifecycle.ids import IdRange
from job_service.mongo.database.replica_set import initiate
from job_service.mongo.store import Store
from job_service.mongo.watching.recount import Recount
from job_service.settings import Settings

HTML = {"Accept": "text/html"}
STATES = ("completed", "failed", "cancelled", "quarantined")
WEIGHTS = (90, 7, 2, 1)
BATCH = 2_000


def document(number: int, began: datetime, *, live: bool) -> dict[str, Any]:
    kind = random.choices(("dataset", "transfer", "code"), (80, 10, 10))[0]
    at = began + timedelta(milliseconds=number * 80)
    job_id = IdRange.at(at)[0]
    state = "queued" if live else random.choices(STATES, WEIGHTS)[0]
    job: dict[str, Any] = {
        "_id": job_id,
        "jobId": job_id,
        "kind": kind,
        "type": random.choice(("ADD", "CHANGE", "REMOVE")),
        "state": state,
        "status": state,
        "priority": 5,
        "claims": 1,
        "attempts": 0,
        "leasesLost": 0,
        "maxAttempts": 3,
        "parameters": {"operation": "ADD", "target": f"SET_{number % 5000}", "uid": number % 500, "text": "x" * 200},
        "log": [{"at": at, "message": f"line {line}"} for line in range(5)],
        "createdAt": at,
        "updatedAt": at,
        "readyAt": at,
        "createdBy": {"userId": f"user-{number % 500}"},
        "endSeq": 1,
    }
    if kind != "dataset":
        job["number"] = number + 1
    if live and kind == "dataset":
        job["datasetName"] = f"SET_{number}"
    if not live:
        job |= {"finishedAt": at, "startedAt": at, "endedBy": {"worker": f"worker-{number % 200}"}}
        if state == "failed":
            job["error"] = f"The disk {number % 1000} was full"
    return job


def fill(store: Store, count: int) -> None:
    began = datetime.now(UTC) - timedelta(milliseconds=count * 80)
    for first in range(0, count, BATCH):
        live = first >= count * 0.9
        jobs: Any = store.collections.inprogress if live else store.collections.completed
        jobs.insert_many([document(number, began, live=live) for number in range(first, first + BATCH)], ordered=False)


def measured(http: FlaskClient, path: str, rounds: int) -> tuple[float, float]:
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = http.get(path, headers=HTML)
        seconds.append(time.perf_counter() - began)
        assert answer.status_code == 200, (path, answer.status_code)
    seconds.sort()
    return seconds[len(seconds) // 2] * 1000, seconds[int(len(seconds) * 0.95)] * 1000


def measure(url: str, count: int, rounds: int) -> None:
    app = create_app(Settings.from_environment({"MONGODB_URL": url}))
    store = app.extensions["job_service.store"]
    store.prepare()
    began = time.perf_counter()
    fill(store, count)
    print(f"{count} jobs stored in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    (recount,) = (duty for duty in store.sweeper.duties if isinstance(duty, Recount))
    recount()
    recount()
    print(f"recounted in {time.perf_counter() - began:.1f} s: {store.counters.counts()}")
    one = store.collections.completed.find_one({"kind": "dataset"}, skip=count // 2)["_id"]
    http = app.test_client()
    paths = {
        "overview": "/",
        "all jobs": "/console/jobs",
        "all jobs, page far behind": f"/console/jobs?before={one}",
        "kind and state": "/console/jobs?kind=dataset&state=failed",
        "state": "/console/jobs?state=quarantined",
        "status": "/console/jobs?status=failed",
        "operation": "/console/jobs?source=REMOVE",
        "target": "/console/jobs?target=SET_77",
        "user": "/console/jobs?user=user-77",
        "worker": "/console/jobs?worker=worker-77",
        "time": "/console/jobs?since=10h&until=9h",
        "text of the reason": "/console/jobs?reason=disk+77",
        "text that nothing has": "/console/jobs?reason=nowhere",
        "one job": f"/console/jobs/{one}",
    }
    print(f"{'page':28}{'p50 ms':>8}{'p95 ms':>8}")
    for name, path in paths.items():
        half, most = measured(http, path, rounds)
        print(f"{name:28}{half:8.0f}{most:8.0f}", flush=True)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with tempfile.TemporaryDirectory(prefix="console-pages-") as folder, PrivateMongod(Path(folder)) as mongod:
        mongod.start(initiate)
        measure(mongod.url, count, rounds)


if __name__ == "__main__":
    main()
