import os
import shlex
import sys

import pytest

from tests.system.programs.processes import DEADLINE, ends
from tests.system.programs.serving import Boss, serving, working

CONVERTER = """
import json, os, signal, subprocess, sys
document = json.load(sys.stdin)
if "fifo" in document:
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
    with open(document["fifo"], "w") as told:
        print(os.getpid(), child.pid, file=told)
    signal.pause()
print(document["topic"], os.environ.get("JOB_SERVICE_TOKEN"), *sys.argv[1:])
sys.exit("no such topic" if document["topic"] == "bad" else 0)
"""


@pytest.fixture
def boss():
    # The heartbeat would hear of it, too, and here it is the check that must.
    return Boss(next_heartbeat_seconds=3600)


@pytest.fixture
def worker(boss):
    program = shlex.join([sys.executable, "-c", CONVERTER, "an argument", "; exit 1"])
    options = ["--source", "sirius", "--exec", program, "--check-seconds", "0.3", "--no-retry", "--concurrency", "1"]
    with serving(boss) as url, working(url, "conversions", *options) as made:
        yield made


def pids_told_in(fifo):
    with open(fifo, encoding="ascii") as told:  # noqa: PTH123 - opens when the program does
        return [int(each) for each in told.read().split()]


def add(boss, **document):
    return boss.add("conversion", source="sirius", document=document)


def test_a_document_goes_through_the_program(boss, worker):
    held = add(boss, topic="data")
    boss.wait_for(held)
    assert held.said == [{"log": "data None an argument ; exit 1"}, {"status": "completed"}]
    assert boss.claims[0]["where"] == {"source": "sirius"}


def test_another_exit_status_fails_the_job(boss, worker):
    held = add(boss, topic="bad")
    boss.wait_for(held)
    assert (held.end["status"], held.end["retry"]) == ("failed", False)
    assert held.end["log"] == "The program ended with exit status 1: no such topic"


def test_a_job_ended_by_an_administrator_ends_its_program_and_the_worker_goes_on(boss, worker, tmp_path):
    fifo = tmp_path / "told"
    os.mkfifo(fifo)
    held = add(boss, fifo=str(fifo))
    pids = pids_told_in(fifo)
    boss.end(held)
    assert all(ends(pid) for pid in pids)

    after = add(boss, topic="data")
    boss.wait_for(after)
    assert after.end["status"] == "completed"
    assert held.said == []


def test_a_worker_killed_leaves_nothing_of_its_program(boss, worker, tmp_path):
    fifo = tmp_path / "told"
    os.mkfifo(fifo)
    add(boss, fifo=str(fifo))
    pids = pids_told_in(fifo)
    worker.kill()
    worker.wait(DEADLINE)
    assert all(ends(pid) for pid in pids)
