"""Instances of the service: gunicorns of two workers, each with proxies before it and behind it."""

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from job_service.embedded.process import spawn
from tests.torture.mongods import HOST, ReplicaSet, free_port
from tests.torture.proxy import Proxies, Proxy
from tests.torture.waiting import until

ROOT = Path(__file__).parents[2]
_SETTINGS = {
    "LEGACY_LEASE_SECONDS": "8",
    "BACKOFF_SECONDS": "1",
    "BACKOFF_MAX_SECONDS": "3",
    "THREADS": "16",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Instance:
    """One gunicorn; `sabotage` names what of the service is broken on purpose."""

    def __init__(self, replica_set: ReplicaSet, proxies: Proxies, log: Path, sabotage: str = "") -> None:
        self._log = log
        self._sabotage = {"TORTURE_SABOTAGE": sabotage} if sabotage else {}
        self._application = "tests.torture.sabotaged_app:app" if sabotage else "tests.torture.redirected_app:app"
        self._url = replica_set.url
        self._own_port = free_port()
        self.to_database: list[Proxy] = [proxies.add(member.port) for member in replica_set.members]
        self.before: Proxy = proxies.add(self._own_port)
        self._detour = {
            member.port: proxy.port for member, proxy in zip(replica_set.members, self.to_database, strict=True)
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where clients ask it: at the proxy."""
        return self.before.port

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, **environment: str) -> None:
        """Start it; from the main thread, with which it ends."""
        config = ROOT / "job_service" / "command" / "gunicorn_config.py"
        options = ["-c", str(config), "--bind", f"{HOST}:{self._own_port}", "--workers=2", "--threads=16"]
        ours = {"MONGODB_URL": self._url, "PYTHONPATH": str(ROOT), "TORTURE_REDIRECT": json.dumps(self._detour)}
        with self._log.open("ab") as output:
            self.process = spawn(
                [sys.executable, "-m", "gunicorn", *options, self._application],
                environment={**os.environ, **_SETTINGS, **ours, **self._sabotage, **environment},
                output=output,
            )

    def children(self) -> list[int]:
        """Return the process ids of its workers."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(each) for each in listed.read_text().split()] if listed.exists() else []

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._own_port, timeout=3)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def await_ready(self, seconds: float = 60) -> None:
        until(self.is_ready, seconds, f"the instance on port {self._own_port} is ready")

    def kill(self) -> None:
        """End it by kill -9; its workers end with it."""
        if self.runs:
            assert self.process is not None
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait(20)

    def deploy(self) -> int:
        """Ask it to end, as a deploy does; return the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def stop(self) -> None:
        """End it in good order, by force after a while."""
        if not self.runs:
            return
        for pid in [self.pid, *self.children()]:
            os.kill(pid, signal.SIGCONT)
        try:
            self.deploy()
        except subprocess.TimeoutExpired:
            self.kill()
