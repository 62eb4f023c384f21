"""What is measured against: one private mongod, the service and the empty route beside it, and the clients."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from benchmarks import http_loads
from benchmarks.crew import Crew
from benchmarks.documents import Document, Shapes
from benchmarks.wire import Refused, Wire
from job_service.command.gunicorn_config import threads, workers
from job_service.embedded.mongod import PrivateMongod
from job_service.embedded.process import end, spawn
from job_service.families import STORES
from job_service.mongo.database.collections import CLAIM_ORDER, EPOCH, QUEUES, ensure_indexes
from job_service.mongo.database.replica_set import initiate

SERVED = "jobdb"
RAW = "raw"
LEAN = "raw_lean"
CLAIM_INDEX = [(QUEUES, 1), *CLAIM_ORDER]
PATIENCE = 60.0
#: Up to so many jobs it takes less time to delete them than to make their indexes again.
FEW = 5_000
GRACE = 20.0


@dataclass(frozen=True)
class Sizes:
    """How much is done for one figure: `seconds` of load, `jobs` prepared for what uses them up."""

    seconds: float = 1.5
    jobs: int = 20_000
    whole: int = 10_000  #: jobs of the whole way and of a long list
    pickups: int = 100
    listed: int = 100_000  #: jobs among which a page is
    backlogs: tuple[int, ...] = (1_000, 100_000)
    large_backlog: int = 1_000_000
    large_completed: int = 10_000_000
    waiters: int = 500
    observed: float = 10.0  #: seconds of looking at what waiting claims do

    @classmethod
    def quick(cls) -> "Sizes":
        return cls(0.3, 1_500, 1_000, 15, 2_000, (500, 5_000), 20_000, 50_000, 50, 2.0)


@dataclass(frozen=True)
class Server:
    """A gunicorn that answers on a port of this machine."""

    process: subprocess.Popen[bytes]
    port: int


class Stage:
    """Everything that runs; `close` ends it all. Make it in the main thread."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self._until_the_end = ExitStack()
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self._set_up()
            on_failure.pop_all()

    def _set_up(self) -> None:
        # The client processes come first: they are small, and share nothing with what follows.
        self.crew = self._until_the_end.enter_context(Crew())
        self._folder = Path(self._until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        self.mongod = self._until_the_end.enter_context(PrivateMongod(self._folder / "data"))
        self.mongod.start(initiate)
        self.url = self.mongod.url
        self.client: MongoClient[Document] = self._until_the_end.enter_context(
            MongoClient(self.url, w="majority", tz_aware=True)
        )
        self.service = self.serve()
        self.empty = self._start_empty()
        self.http = Wire(self.service.port)
        self.shapes = self._look_at_shapes()
        # Threads and connections are made when they are first needed, which is nobody's figure.
        self.crew.run(http_loads.submit, self.service.port, 1, clients=64, seconds=0.5)
        self.fresh(SERVED)

    def close(self) -> None:
        self._until_the_end.close()

    @property
    def mongod_pid(self) -> int:
        pid = self.mongod.pid
        if pid is None:
            raise RuntimeError("there is no mongod")
        return pid

    def url_of(self, name: str) -> str:
        """Return the connection string of a database."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def database(self, name: str) -> Database[Document]:
        return self.client[name]

    def serve(self, **environment: str) -> Server:
        """Start the service as it is shipped, but for these settings; `end_server` ends it."""
        port = _free_port()
        command = [sys.executable, "-m", "job_service", "serve", "--no-workers", "--port", str(port)]
        return self._start("service", command, port, {"MONGODB_URL": self.url, **environment})

    def end_server(self, server: Server) -> None:
        end(server.process, GRACE)

    def fresh(self, name: str) -> Database[Document]:
        """Empty a database of jobs; what held many is made anew, with the service's indexes or the claim's alone."""
        database = self.client[name]
        held = self._held(name)
        if 0 < sum(each.estimated_document_count() for each in held) < FEW:
            return self.emptied(name)
        for each in held:
            each.drop()
        if name == LEAN:
            database["inprogress"].create_index(CLAIM_INDEX, name="claim")
            database.create_collection("completed")
        else:
            ensure_indexes(database, *(store.indexes for store in STORES))
        return database

    def emptied(self, name: str) -> Database[Document]:
        """Empty a database of jobs whose collections must stay, since the service follows their changes."""
        for each in self._held(name):
            each.delete_many({})
        return self.client[name]

    def _held(self, name: str) -> list[Collection[Document]]:
        if name not in {RAW, LEAN}:
            self.settle(name)
        return [self.client[name][each] for each in ("inprogress", "completed", "targets")]

    def settle(self, name: str = SERVED) -> None:
        """Wait until every job of a service that has ended is in `completed`."""
        deadline = time.monotonic() + PATIENCE
        jobs = self.client[name]["inprogress"]
        while jobs.find_one({"finishedAt": {"$gt": EPOCH}}, {"_id": 1}):
            if time.monotonic() > deadline:
                raise TimeoutError("ended jobs were not moved")
            time.sleep(0.005)

    def store(self, name: str, jobs: list[Document], collection: str = "inprogress") -> None:
        """Put jobs into a database behind the service's back."""
        if jobs:
            self.client[name][collection].insert_many(jobs, ordered=False)

    def _start_empty(self) -> Server:
        port = _free_port()
        numbers = ["--workers", str(workers), "--threads", str(threads), "--bind", f"127.0.0.1:{port}"]
        config = ["--config", "python:job_service.command.gunicorn_config"]
        command = [sys.executable, "-m", "gunicorn", *config, *numbers, "benchmarks.empty:app"]
        return self._start("empty", command, port, {})

    def _start(self, name: str, command: list[str], port: int, told: dict[str, str]) -> Server:
        ours = {key: value for key, value in os.environ.items() if not key.startswith(("MONGODB_", "JWKS_", "THREADS"))}
        log = (self._folder / f"{name}-{port}.log").open("wb")
        with log:
            server = Server(spawn(command, environment={**ours, **told}, output=log), port)
        self._until_the_end.callback(end, server.process, GRACE)
        _wait_until_ready(server, Path(log.name))
        return server

    def _look_at_shapes(self) -> Shapes:
        """Take a job through the service and keep its document at each point."""
        body = {"jobs": [{"operation": "ADD", "target": "SHAPE", "description": "A dataset of the benchmark"}]}
        [made] = orjson.loads(self.http.request(b"POST /jobs", orjson.dumps(body)))
        queued = self._shape("inprogress", made["job_id"])
        asked = {"kind": "dataset", "worker": "benchmark", "leaseSeconds": 3600}
        [claim] = orjson.loads(self.http.request(b"POST /claims", orjson.dumps(asked)))["claims"]
        running = self._shape("inprogress", made["job_id"])
        line = f"PATCH /claims/{claim['claimId']}/jobs/{made['job_id']}".encode()
        self.http.request(line, b'{"status": "completed"}')
        self.settle()
        return Shapes(queued, running, self._shape("completed", made["job_id"]))

    def _shape(self, collection: str, job_id: str) -> Document:
        found = self.client[SERVED][collection].find_one({"_id": job_id})
        if found is None:
            raise RuntimeError(f"the job {job_id} is not in {collection}")
        return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: Server, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.process.poll() is None:
        if answers(server.port):
            return
        time.sleep(0.05)
    raise RuntimeError(f"it did not become ready: {log.read_text()[-2000:]}")


def answers(port: int) -> bool:
    """Say whether a server takes a request on a new connection."""
    try:
        wire = Wire(port)
    except OSError:
        return False
    try:
        wire.request(b"GET /health/ready")
    except Refused as refused:
        # The empty route knows no health.
        return " 404" in str(refused)
    except OSError:
        return False
    else:
        return True
    finally:
        wire.close()


def opcounters(stage: Stage) -> dict[str, Any]:
    """Return how many operations of each sort mongod has done."""
    return dict(stage.client.admin.command("serverStatus")["opcounters"])
