"""Without a sandbox nothing runs: each part that is missing or broken is named, and the program is not started."""

import logging
import os
import shutil
import signal
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from job_service.worker.sandbox import launch
from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Limits
from job_service.worker.sandbox.local import LocalExecutor
from tests.system.sandbox.tiers import RUN_UIDS, OwnTier

LIMITS = Limits(seconds=10)


def create():
    return LocalExecutor.create(LIMITS, user_ids=RUN_UIDS)


@pytest.fixture
def fake_bwrap(monkeypatch):
    """Put a script in bubblewrap's place, where the sandbox's user can read it."""
    folder = Path(tempfile.mkdtemp(prefix="bwrap-"))
    folder.chmod(0o755)

    def put(body):
        script = folder / "bwrap"
        script.write_text(f"#!/usr/bin/python3 -IS\nimport os, sys\n{body}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    yield put
    shutil.rmtree(folder)


def test_no_bubblewrap(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        SandboxUnavailable, match=r"^No sandbox is available: bubblewrap is not installed \(Debian: bubblewrap\)\.$"
    ):
        create()


def test_an_old_bubblewrap(fake_bwrap):
    fake_bwrap("print('bubblewrap 0.6.1')")

    with pytest.raises(SandboxUnavailable, match=r"bubblewrap 0\.8 or later is needed, this is 0\.6\.1\.$"):
        create()


def test_a_bubblewrap_that_may_make_no_namespaces(fake_bwrap):
    fake_bwrap(
        "if '--version' in sys.argv: print('bubblewrap 0.8.0')\n"
        "else: sys.exit('bwrap: No permissions to create new namespace')",
    )

    with pytest.raises(SandboxUnavailable, match=r"it did not start \(bwrap: No permissions to create new namespace\)"):
        create()


WITHOUT = """
real = "/usr/bin/bwrap"
line = sys.argv[1:]
for option, values in {dropped!r}.items():
    while option in line:
        at = line.index(option)
        del line[at:at + 1 + values]
os.execv(real, [real, *line])
"""


@pytest.mark.parametrize(
    ("dropped", "untrue"),
    [
        ({"--unshare-pid": 0, "--as-pid-1": 0}, "it is alone among the processes"),
        ({"--remount-ro": 1}, "its root is read-only"),
        ({"--seccomp": 1}, "it cannot start a process"),
        ({"--size": 1}, "its folder is bounded"),
        ({"--uid": 1, "--gid": 1}, "it has a user id of its own"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wall_that_is_not_there_is_noticed(fake_bwrap, dropped, untrue):
    fake_bwrap(WITHOUT.format(dropped=dropped))

    with pytest.raises(SandboxUnavailable, match=f"self-test found untrue that .*{untrue}"):
        create()


def test_no_sandbox_at_all_is_noticed(fake_bwrap, tmp_path):
    """A bubblewrap that just runs what it is given never gets as far as a program."""
    fake_bwrap(
        "if '--version' in sys.argv: print('bubblewrap 0.8.0'); sys.exit()\n"
        "line = sys.argv[sys.argv.index('--') + 1:]\n"
        "os.execv('/usr/bin/python3', ['python3', *line[1:]])",
    )

    with pytest.raises(SandboxUnavailable, match="it did not start"):
        create()


def test_a_sandbox_that_never_gets_ready_is_not_waited_for(fake_bwrap, monkeypatch):
    monkeypatch.setattr(launch, "_START_SECONDS", 0.5)
    fake_bwrap(
        "if '--version' in sys.argv: print('bubblewrap 0.8.0')\nelse:\n    import time\n    time.sleep(600)",
    )

    with pytest.raises(SandboxUnavailable, match=r"it was not ready after 0\.5 seconds"):
        create()


def test_a_sandbox_that_breaks_later_runs_nothing(caplog):
    executor = create()
    executor._blueprint = replace(executor._blueprint, bwrap=Path("/nonexistent/bwrap"))

    with caplog.at_level(logging.ERROR):
        execution = executor.run("print(1)", {})

    assert execution.outcome == "error"
    assert execution.output == ""
    assert execution.reason == "No sandbox is available: it failed, and the worker's log says why."
    assert "bubblewrap does not start (No such file or directory)" in caplog.text


def test_a_sandbox_that_is_killed_ends_its_program():
    executor = create()
    on = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(executor.run, "print('on')\nwhile True: pass", {}, lambda _: on.set())
        assert on.wait(10)
        for pid in bubblewraps():
            os.kill(pid, signal.SIGKILL)
        execution = running.result(10)

    assert execution.outcome == "error"
    assert execution.output == "on\n"
    assert execution.reason == "The sandbox was ended from outside (SIGKILL)."
    assert OwnTier().left() == []


def bubblewraps():
    for task in Path("/proc/self/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def test_no_user_id_left_runs_nothing():
    if os.geteuid() != 0:
        assert LocalExecutor.create(LIMITS)._users is None
        return
    executor = LocalExecutor.create(LIMITS, concurrency=2, user_ids=RUN_UIDS[:1])
    on, cancelled = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(executor.run, "print('on')\nwhile True: pass", {}, lambda _: on.set(), cancelled)
        assert on.wait(10)
        assert (
            executor.run("print(1)", {}).reason == "No sandbox is available: it failed, and the worker's log says why."
        )
        cancelled.set()
        running.result(10)
    assert executor.run("print(1)", {}).output == "1\n"
