"""Makes clients of the description with generators that people use, and calls a service of their own with each.

`python -m tests.generators`: installs `openapi-python-client` and `openapi-generator-cli` (which needs Java) from PyPI
into an environment of their own, in a folder that is gone afterwards. Exit status 1 when a generator warns of something
that it leaves out, or an answer does not arrive whole.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from job_service.client import JobServiceClient
from job_service.command.private_service import private_service
from job_service.worker import Worker

ROOT = Path(__file__).parents[2]
PACKAGES = ("openapi-python-client", "openapi-generator-cli", "ruff", "pydantic", "urllib3", "python-dateutil")


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """Run a service with a worker that answers every program; gives its address."""
    folder.mkdir()
    with private_service(folder) as private:
        worker = Worker(JobServiceClient(private.url), wait_seconds=0.5)
        worker.handles("code")(lambda job: {"uid": job.parameters["uid"]})
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield private.url
        finally:
            worker.stop()
            thread.join()


def generated(folder: Path, *command: str) -> bool:
    """Run a generator; says whether it had nothing to complain of."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    complains = done.returncode or "Unable to" in told or "Cannot parse" in told or "Skipping" in told
    sys.stdout.write(told if complains else f"{Path(command[0]).name}: made a client\n")
    return not complains


def called(folder: Path, generator: str, client: str) -> bool:
    """Call a new service with a generated client; says whether every answer arrived whole."""
    with service(folder / f"service-of-{generator}") as url:
        command = [str(folder / "bin" / "python"), "-m", "tests.generators.clients", generator, url]
        environment = {**os.environ, "PYTHONPATH": f"{folder / client}{os.pathsep}{ROOT}"}
        return subprocess.run(command, env=environment, check=False).returncode == 0


def main() -> int:
    """Try both generators; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="generators-") as name:
        folder = Path(name)
        venv.create(folder, with_pip=True)
        binaries = folder / "bin"
        subprocess.run([binaries / "pip", "install", "--quiet", *PACKAGES], check=True)
        with service(folder / "description") as url:
            (folder / "api.json").write_text(json.dumps(JobServiceClient(url).service.openapi()))
        first = [str(binaries / "openapi-python-client"), "generate", "--path", "api.json", "--output-path", "one"]
        second = [str(binaries / "openapi-generator-cli"), "generate", "-g", "python", "-i", "api.json", "-o", "two"]
        whole = [
            generated(folder, *first) and called(folder, "openapi-python-client", "one"),
            generated(folder, *second) and called(folder, "openapi-generator", "two"),
        ]
    return not all(whole)


if __name__ == "__main__":
    sys.exit(main())
