"""All that a run needs: the replica set, the instances, the proxies, the clients, and an operator."""

import random
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.torture.caller import Caller
from tests.torture.history import Op, Writer, read
from tests.torture.instances import Instance
from tests.torture.load import Load, Roles
from tests.torture.mongods import DATABASE, Mongod, ReplicaSet
from tests.torture.proxy import Proxies
from tests.torture.waiting import until

_SMALL_DISK = "400m"


@dataclass(frozen=True, slots=True)
class Setting:
    """How a world is to be; `sabotage` breaks the service, `roles` are the only clients, if given."""

    instances: int = 2
    small_disk: bool = True
    sabotage: str = ""
    roles: Roles | None = None


class World:
    """Everything is up within the block, and gone after it."""

    def __init__(self, seed: int, setting: Setting | None = None) -> None:
        self.rng = random.Random(seed)
        self._setting = setting or Setting()
        self._stack = ExitStack()
        #: What to add to CLOCK_MONOTONIC for the wall clock, which is also that of every mongod.
        self.offset = time.time() - time.monotonic()
        self.small_disk: Mongod | None = None

    def __enter__(self) -> Self:
        with self._stack:
            self._build()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _build(self) -> None:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="job-service-torture-")))
        self.proxies = Proxies()
        self._stack.callback(self.proxies.close)
        self.replica_set = ReplicaSet(self.folder)
        if self._setting.small_disk:
            self._make_small_disk(self.replica_set.members[2])
        self._stack.callback(self.replica_set.stop)
        self.replica_set.start()
        self.client: MongoClient[dict[str, Any]] = MongoClient(self.replica_set.url, tz_aware=True, timeoutMS=60_000)
        self._stack.callback(self.client.close)
        self.database = self.client[DATABASE]
        self.begun_at = self.client.admin.command("ping")["operationTime"]
        self.instances = [self._instance(number) for number in range(self._setting.instances)]
        for instance in self.instances:
            instance.await_ready()
        ports = [instance.port for instance in self.instances]
        self.histories = self.folder / "histories"
        self.histories.mkdir()
        self.load = Load(self.histories, ports, self.rng, self._setting.roles)
        self._stack.callback(self.load.stop)
        self.operator = Caller(
            "operator", ports, Writer(self.histories / "operator.jsonl"), threading.Event(), random.Random(1)
        )
        self._stack.callback(self.operator.close)

    def _instance(self, number: int) -> Instance:
        log = self.folder / f"instance{number}.log"
        instance = Instance(self.replica_set, self.proxies, log, self._setting.sabotage)
        self._stack.callback(instance.stop)
        instance.start()
        return instance

    def _make_small_disk(self, member: Mongod) -> None:
        """Give a member a disk that can be filled, where this process may mount one."""
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "tmpfs", str(member.folder)],
            capture_output=True,
            check=False,
        )
        if made.returncode == 0:
            self._stack.callback(subprocess.run, ["umount", "--lazy", str(member.folder)], check=False)
            self.small_disk = member

    def settle(self) -> list[str]:
        """Bring everything back, end the load, and wait for what goes on behind the requests; return who had died."""
        self.replica_set.await_whole()
        for instance in self.instances:
            instance.await_ready()
        early = self.load.stop()
        with suppress(TimeoutError):
            until(self._is_swept, 40, "all ended jobs are moved")
        return early

    def history(self) -> list[Op]:
        """Return what all clients sent and saw."""
        return read(self.load.paths)

    def errors(self) -> list[str]:
        """Return what the instances logged of errors that nobody foresaw; not for the checker, but for who reads on."""
        logs = [path.read_text(errors="replace").splitlines() for path in sorted(self.folder.glob("instance*.log"))]
        return [line for log in logs for line in log if "Traceback" in line]

    def _is_swept(self) -> bool:
        try:
            return self.database["inprogress"].find_one({"finishedAt": {"$exists": True}}) is None
        except PyMongoError:
            return False
