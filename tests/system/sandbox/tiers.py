"""Executors as different users of this machine, which the tests of the sandbox all go through."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyseccomp

from job_service.worker import sandbox
from job_service.worker.sandbox.execution import Execution, Limits
from job_service.worker.sandbox.interpreter import find_interpreter, readable_by_everyone
from job_service.worker.sandbox.local import LocalExecutor

# Of each test process's own, so that what is left of theirs was left by these tests.
ORDINARY_UID = 62_000 + os.getpid() % 1000
RUN_UIDS = range(1_879_200_000 + os.getpid() % 10_000 * 64, 1_879_200_000 + os.getpid() % 10_000 * 64 + 64)


class OwnTier:
    """Programs run by this process, whoever that is."""

    uids = RUN_UIDS if os.geteuid() == 0 else range(os.geteuid(), os.geteuid() + 1)

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._executors: dict[Limits, LocalExecutor] = {}

    def executor(self, limits: Limits, concurrency: int = 2) -> LocalExecutor:
        return LocalExecutor.create(limits, concurrency=concurrency, user_ids=RUN_UIDS)

    def run(self, code: str, variables: dict[str, Any], limits: Limits) -> Execution:
        if limits not in self._executors:
            self._executors[limits] = self.executor(limits)
        return self._executors[limits].run(code, variables)

    def left(self) -> list[str]:
        """Name the processes of runs that are still there."""
        return [name for pid, name in _processes(self.uids) if os.geteuid() == 0 or _parent(pid) == self.pid]


class OrdinaryTier:
    """Programs run by a process without any privileges, which root starts for the test."""

    uids = range(ORDINARY_UID, ORDINARY_UID + 1)

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def run(self, code: str, variables: dict[str, Any], limits: Limits) -> Execution:
        order = {"code": code, "input": variables, "limits": {"seconds": limits.seconds}}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Execution(**json.loads(self._process.stdout.readline()))

    def left(self) -> list[str]:
        return [name for pid, name in _processes(self.uids) if pid != self.pid]


@contextlib.contextmanager
def ordinary_tier() -> Iterator[OrdinaryTier]:
    with driver() as process:
        yield OrdinaryTier(process)


@contextlib.contextmanager
def driver() -> "Iterator[subprocess.Popen[str]]":
    """Start the driver from a copy of the sandbox alone, which shows that this is all it needs."""
    with tempfile.TemporaryDirectory() as folder:
        _copy(Path(folder))
        with _started(folder) as process:
            try:
                yield process
            finally:
                process.kill()


def _started(folder: str) -> "subprocess.Popen[str]":
    python = find_interpreter(None, readable_by_everyone).executable
    user: dict[str, Any] = (
        {"user": ORDINARY_UID, "group": ORDINARY_UID, "extra_groups": []} if os.geteuid() == 0 else {}
    )
    return subprocess.Popen(
        [str(python), "driver.py"],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **user,
    )


def _copy(folder: Path) -> None:
    package = folder / "job_service" / "worker"
    shutil.copytree(Path(sandbox.__file__).parent, package / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
    for place in (package, package.parent):
        (place / "__init__.py").touch()
    shutil.copy(pyseccomp.__file__, folder)
    shutil.copy(Path(__file__).with_name("driver.py"), folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


def _processes(uids: range) -> Iterator[tuple[int, str]]:
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            if int(fields["Uid"].split()[0]) in uids and "Z" not in fields["State"]:
                yield int(status.parent.name), fields["Name"].strip()


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0
