"""Who runs the programs: this process, and where that is root also one without privileges."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyseccomp
import pytest

from job_service.worker.sandbox.syscalls import FORBIDDEN
from tests.system.sandbox.tiers import RUN_UIDS, OrdinaryTier, OwnTier, ordinary_tier

TIERS = ["root", "ordinary"] if os.geteuid() == 0 else ["self"]


@pytest.fixture(scope="session", params=TIERS)
def tier(request) -> Iterator[OwnTier | OrdinaryTier]:
    if request.param == "ordinary":
        with ordinary_tier() as tier:
            yield tier
    else:
        yield OwnTier()


@pytest.fixture(scope="session", autouse=True)
def _no_locks_left() -> Iterator[None]:
    """Remove the locks of the ids that only these tests use."""
    yield
    for uid in RUN_UIDS:
        (Path("/run/job-service-sandbox") / str(uid)).unlink(missing_ok=True)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def known(tmp_path_factory, listener) -> Iterator[dict[str, Any]]:
    """What an attacker could know of this machine, all of it readable by everyone."""
    folder = tmp_path_factory.mktemp("host")
    for name in ("secrets.json", "theirs.py"):
        (folder / name).write_text("secret")
    with socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0sandbox-test-{os.getpid()}")
        abstract.listen()
        yield {
            "facts": {
                "secrets": str(folder / "secrets.json"),
                "code": str(folder / "theirs.py"),
                "folder": str(folder),
                "port": listener.getsockname()[1],
                "abstract": f"\0sandbox-test-{os.getpid()}",
                "pid": os.getpid(),
            },
            "forbidden": [name for name in FORBIDDEN if system_call(name) >= 0],
            "numbers": {name: system_call(name) for name in (*FORBIDDEN, "clone", "clone3", "prctl", "seccomp")},
        }


def system_call(name: str) -> int:
    """Return this machine's number for it, below 0 where there is none."""
    return int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name))
