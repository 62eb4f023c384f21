"""A private service with a private database, for the duration of a command."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click

from job_service.client import JobServiceClient, JobServiceError

START_SECONDS = 60.0
STOP_SECONDS = 60.0


@dataclass(slots=True)
class PrivateService:
    """A service whose data and log are in `folder`; `told` is added to its environment. Restarts keep the port."""

    folder: Path
    told: Mapping[str, str]
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL of the service."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the service and wait until it is ready; raises ClickException when it does not come up."""
        self.port = self.port or _free_port()
        command = [sys.executable, "-m", "job_service", "serve", "--workers", "1", "--no-workers"]
        command += ["--port", str(self.port), "--data-dir", str(self.folder / "data")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MONGODB_")}
        with (self.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**environment, "LOG_FORMAT": "text", **self.told}, stdout=log, stderr=log
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the service; its data stay in the folder."""
        if self._process is not None:
            end(self._process)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with JobServiceClient(self.url) as client:
            while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
                with suppress(JobServiceError):
                    client.service.ready()
                    return
                time.sleep(0.1)
        said = (self.folder / "service.log").read_text(errors="replace").strip().splitlines()
        raise click.ClickException(f"The private service did not start: {said[-1] if said else 'it said nothing'}")


@contextmanager
def private_service(folder: Path, told: Mapping[str, str] | None = None) -> Iterator[PrivateService]:
    """Run a service until the end of the block; raises ClickException when it does not come up."""
    service = PrivateService(folder, told or {})
    try:
        service.start()
        yield service
    finally:
        service.stop()


def end(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM to a process and wait; kill it if it does not end in time."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
