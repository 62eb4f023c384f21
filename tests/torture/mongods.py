"""A replica set of three mongods on loopback, each of which can be killed, stopped, and started on the same data."""

import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from job_service.embedded.binary import ENVIRONMENT, find_mongod
from job_service.embedded.process import spawn
from tests.torture.waiting import until

HOST = "127.0.0.1"
DATABASE = "torture"
SET = "torture"
_OPTIONS = (
    f"--bind_ip={HOST}",
    "--nounixsocket",
    f"--replSet={SET}",
    "--quiet",
    "--wiredTigerCacheSizeGB=0.25",
    "--wiredTigerEngineConfigString=log=(file_max=16MB)",
    "--oplogSize=512",
    "--setParameter=diagnosticDataCollectionEnabled=false",
    "--setParameter=transactionLifetimeLimitSeconds=10",
    "--setParameter=enableTestCommands=1",
)


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
        return port


class Mongod:
    """One member. Start it from the main thread: it ends with that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        command = [str(find_mongod()), f"--dbpath={self.folder}", f"--port={self.port}", *_OPTIONS]
        with self.folder.with_suffix(".log").open("ab") as output:
            self.process = spawn(command, environment=ENVIRONMENT, output=output)

    def kill(self) -> None:
        """End it as a power cut would; it has ended when this returns."""
        if self.runs:
            os.kill(self.pid, signal.SIGKILL)
            assert self.process is not None
            self.process.wait(20)

    def ask(self, command: str, **options: Any) -> dict[str, Any]:
        """Run a command on this very member. Raises PyMongoError."""
        client: MongoClient[dict[str, Any]] = MongoClient(HOST, self.port, directConnection=True, timeoutMS=5_000)
        with client:
            return dict(client.admin.command(command, **options))

    def is_primary(self) -> bool:
        try:
            return bool(self.ask("hello")["isWritablePrimary"])
        except PyMongoError:
            return False


class ReplicaSet:
    """Three members with short election timeouts."""

    def __init__(self, folder: Path) -> None:
        self.members = [Mongod(folder / f"mongod{number}") for number in range(3)]

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{member.port}" for member in self.members)
        return f"mongodb://{hosts}/{DATABASE}?replicaSet={SET}"

    def start(self) -> None:
        for member in self.members:
            member.start()
        first = self.members[0]
        until(lambda: all(map(answers, self.members)), 60, "every mongod answers")
        hosts = [{"_id": number, "host": f"{HOST}:{each.port}"} for number, each in enumerate(self.members)]
        short = {"electionTimeoutMillis": 2_000, "heartbeatIntervalMillis": 500, "heartbeatTimeoutSecs": 2}
        first.ask("replSetInitiate", value={"_id": SET, "members": hosts, "settings": short})
        self.await_primary()

    def primary(self) -> Mongod | None:
        return next((member for member in self.members if member.runs and member.is_primary()), None)

    def await_primary(self, seconds: float = 60) -> Mongod:
        return until(self.primary, seconds, "a primary is elected")

    def await_whole(self, seconds: float = 120) -> None:
        """Wait until every member is primary or secondary."""
        until(self._is_whole, seconds, "all members are back")

    def stop(self) -> None:
        for member in self.members:
            if member.runs:
                os.kill(member.pid, signal.SIGCONT)
                member.kill()

    def _is_whole(self) -> bool:
        primary = self.primary()
        if primary is None:
            return False
        try:
            states = [each["stateStr"] for each in primary.ask("replSetGetStatus")["members"]]
        except PyMongoError:
            return False
        return sorted(states) == ["PRIMARY", "SECONDARY", "SECONDARY"]


def answers(member: Mongod) -> bool:
    """Say whether a mongod answers."""
    try:
        member.ask("ping")
    except PyMongoError:
        return False
    return True
