"""The worker of the command line, on a real service: a tree goes from site to site, whatever happens to its workers."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.serving import ThreadedWSGIServer, make_server

from job_service.app import create_app
from job_service.client import WorkqueueClient
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.store import open_store
from job_service.settings import Settings
from tests.system.transfers.trees import leftovers

DEADLINE = 100
WORKER = [sys.executable, "-c", "from job_service.command.worker import worker; worker()", "transfers"]
ODD_NAMES = ["with space", 'it\'s "quoted"', "new\nline", "größe-日本", "-dash", "~tilde", "back\\slash", "*?[x]$(y)"]


@pytest.fixture
def service(database, transitions):
    """A service on a socket, by the database's own clock, with its sweeper."""
    store = open_store(database, STORES, RetryPolicy(backoff_seconds=0.2), transitions.extend)
    store.prepare()
    app = create_app(Settings.from_environment({}), store)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    # What still waits for a job when the test is over must not get one of the next test.
    assert isinstance(server, ThreadedWSGIServer)
    server.daemon_threads = False
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    store.sweeper.start(interval=0.5)
    yield f"http://127.0.0.1:{server.port}"
    app.extensions["job_service.drain"]()
    store.sweeper.stop()
    server.shutdown()
    serving.join(DEADLINE)
    server.server_close()


@pytest.fixture
def queue(service):
    with WorkqueueClient(service) as client:
        yield client


@pytest.fixture
def sites(server, roots):
    """The file of two sites: a folder, and the sshd on another one."""
    lines = [
        "[sites.1]",
        'protocol = "FILE"',
        f'root = "{roots / "one"}"',
        "[sites.2]",
        'protocol = "SSH"',
        'host = "127.0.0.1"',
        f"port = {server.port}",
        f'root = "{roots / "other"}"',
        f'user = "{server.site(2, "/").user}"',
        f'key_file = "{server.folder / "user_key"}"',
        f'known_hosts = "{server.folder / "known_hosts"}"',
    ]
    file = roots / "sites.toml"
    file.write_text("\n".join(lines))
    return file


@contextmanager
def working(service, sites, *options):
    arguments = ["--sites", str(sites), "--url", service, "--lease", "5", "--concurrency", "8", *options]
    with subprocess.Popen([*WORKER, *arguments], stderr=subprocess.DEVNULL) as worker:
        try:
            yield worker
        finally:
            worker.send_signal(signal.SIGKILL)


def wait_until(holds):
    deadline = time.monotonic() + DEADLINE
    while not (seen := holds()):
        assert time.monotonic() < deadline, "it did not come to that in time"
        threading.Event().wait(0.25)
    return seen


def plant(root, files, largest):
    """A tree of that many files: empty ones, one large one, odd names, folders in folders, links."""
    for number in range(files):
        folder = root / f"folder {number % 10}" / ODD_NAMES[number % len(ODD_NAMES)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{ODD_NAMES[number % 7]} {number}").write_bytes(os.urandom(number % 50) * (number % 90))
    (root / "large").write_bytes(os.urandom(1_000_000) * (largest // 1_000_000))
    (root / "link to a file").symlink_to(min(root.glob("folder 0/*/*")))
    (root / "link to folder").symlink_to("folder 0")


def files_of(root):
    """Give the bytes of every file by its path, those behind links as well."""
    return {
        Path(folder, name).relative_to(root): Path(folder, name).read_bytes()
        for folder, _, names in os.walk(root, followlinks=True)
        for name in names
    }


def ended(queue, number):
    return queue.status(number)["status"] in {"DONE", "FAILED"}


def done(queue, number):
    return next(job["num_done"] for job in queue.jobs() if job["id"] == number)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_tree_is_copied_and_removed_though_its_workers_are_killed(service, queue, sites, roots, transitions):
    plant(roots / "one" / "tree", 1_000, largest=100_000_000)
    expected = files_of(roots / "one" / "tree")
    assert len(expected) == 1_001 + 1 + 100
    copy = queue.copy(1, "~/tree", 2, "~/copy", protocol="SSH")["id"]
    for share in (100, 400):
        with working(service, sites):
            wait_until(lambda share=share: done(queue, copy) >= share)
    with working(service, sites):
        wait_until(lambda: ended(queue, copy))
        assert queue.status(copy)["status"] == "DONE"
        assert files_of(roots / "other" / "copy") == expected
        assert leftovers(roots / "other") == []
        remove = queue.remove(2, "~/copy", protocol="SSH")["id"]
        wait_until(lambda: ended(queue, remove))
        assert queue.status(remove)["status"] == "DONE"
    assert not (roots / "other" / "copy").exists()
    assert files_of(roots / "one" / "tree") == expected
    ends = Counter(move.job_id for move in transitions if move.verb == "finish")
    assert max(ends.values()) == 1
    copied = [element for element in queue.elements(copy) if element["type"] == "COPY"]
    assert {element["status"] for element in copied} == {"DONE"}
    assert len(copied) == len(expected)


def test_each_type_is_done_and_its_output_says_so(service, queue, sites, roots):
    (roots / "one" / "a").write_text("text")
    with working(service, sites):
        numbers = {
            "mkdir": queue.mkdir(1, "~/made/deep")["id"],
            "list": queue.list(1, "~/")["id"],
            "copy": queue.copy(1, "a", 2, "~/b", protocol="FILE")["id"],
            "missing": queue.copy(1, "~/missing", 2, "~/c", max_tries=1)["id"],
            "unknown": queue.list(77, "~/", max_tries=1)["id"],
            "dummy": queue.copy(55, "~/x", 56, "~/y", protocol="DUMMY")["id"],
        }
        for number in numbers.values():
            wait_until(lambda number=number: ended(queue, number))
        renamed = queue.rename(1, "~/a", "~/renamed")["id"]
        wait_until(lambda: ended(queue, renamed))
    statuses = {name: queue.status(number)["status"] for name, number in {**numbers, "rename": renamed}.items()}
    failing = {"missing", "unknown"}
    assert {name for name, status in statuses.items() if status == "FAILED"} == failing, statuses
    assert (roots / "one" / "made" / "deep").is_dir()
    assert (roots / "one" / "renamed").read_text() == "text"
    assert (roots / "other" / "b").read_text() == "text"
    names = {entry["name"] for entry in queue.output(numbers["list"], 0)["listing"]["~"]}
    assert "a" in names
    [output] = queue.output(numbers["missing"])
    assert (output["status"], "nothing is there" in output["log"]) == ("FAILED", True)
    assert "has no site 77" in queue.output(numbers["unknown"])[0]["log"]
