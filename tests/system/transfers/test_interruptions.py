import os
import signal
import subprocess
import sys
from itertools import pairwise

import pytest

from job_service.worker.transfers import Copied, Place, Progress, TransferCancelled, TransferError, Watch
from tests.system.transfers.servers import DEADLINE
from tests.system.transfers.trees import LARGE, contents, copy, leftovers

EVERY_WAY = pytest.mark.parametrize(
    ("source", "target"), [("FILE", "SSH"), ("SSH", "FILE"), ("SSH", "SSH"), ("FILE", "FILE")]
)

# Copies a file and stands still for good in its first report, where it is killed.
COPIER = """
import sys
from job_service.worker.transfers import Attempt, Connections, Place, Watch, copy_file
from job_service.worker.transfers.site import FileSite, SshSite

def stand_still(progress):
    if progress.transferred:
        print(progress.transferred, flush=True)
        sys.stdin.read()

source, target = (eval(each) for each in sys.argv[1:])
with Connections() as connections:
    copy_file(connections, source, target, Attempt(source.path, 1), Watch(stand_still, interval=0))
"""


@pytest.fixture
def large(roots):
    (roots / "one" / "large").write_bytes(os.urandom(LARGE))
    (roots / "other" / "large").write_bytes(b"what was there before")
    return roots


@EVERY_WAY
def test_a_cancelled_copy_leaves_what_was_there_and_nothing_else(source, target, large, site_at, connections):
    one, other = site_at(source, 1, large / "one"), site_at(target, 2, large / "other")
    seen: list[Progress] = []
    watch = Watch(seen.append, cancelled=lambda: len(seen) > 3, interval=0)
    with pytest.raises(TransferCancelled):
        copy(connections, Place(one, "large"), Place(other, "large"), watch=watch)
    assert 0 < seen[-1].transferred < LARGE
    assert contents(large / "other") == {"large": b"what was there before"}


@EVERY_WAY
def test_what_the_report_raises_ends_the_copy_and_comes_out(source, target, large, site_at, connections):
    one, other = site_at(source, 1, large / "one"), site_at(target, 2, large / "other")

    def refuse(_):
        raise ConnectionError("the lease is gone")

    with pytest.raises(ConnectionError, match="the lease is gone"):
        copy(connections, Place(one, "large"), Place(other, "large"), watch=Watch(refuse, interval=0))
    assert contents(large / "other") == {"large": b"what was there before"}


@EVERY_WAY
def test_after_kill_9_the_next_attempt_finishes_and_cleans_up(source, target, large, site_at, connections):
    one, other = Place(site_at(source, 1, large / "one"), "large"), Place(site_at(target, 2, large / "other"), "large")
    command = [sys.executable, "-c", COPIER, repr(one), repr(other)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as copier:
        assert copier.stdout
        assert 0 < int(copier.stdout.readline()) < LARGE
        copier.send_signal(signal.SIGKILL)
        assert copier.wait(DEADLINE) == -signal.SIGKILL
    assert len(leftovers(large / "other")) == 1
    assert (large / "other" / "large").read_bytes() == b"what was there before"
    copy(connections, one, other, attempt=2)
    assert contents(large / "other") == contents(large / "one")


def test_an_older_attempt_that_still_runs_can_not_rename_what_a_newer_one_writes(large, site_at, connections):
    one, other = Place(site_at("FILE", 1, large / "one"), "large"), Place(site_at("SSH", 2, large / "other"), "large")
    newer: list[Copied] = []

    def be_overtaken(_):
        if not newer:
            newer.append(copy(connections, one, other, attempt=2))

    with pytest.raises(TransferError, match=r"'/large' at site 2: of .* nothing arrived"):
        copy(connections, one, other, attempt=1, watch=Watch(be_overtaken, interval=0))
    assert contents(large / "other") == contents(large / "one")


def test_progress_counts_up_to_the_size_and_ends_with_it(large, site_at, connections):
    one, other = Place(site_at("FILE", 1, large / "one"), "large"), Place(site_at("SSH", 2, large / "other"), "large")
    seen: list[Progress] = []
    copy(connections, one, other, watch=Watch(seen.append, interval=0.001))
    assert len(seen) > 5
    assert all(before.transferred <= after.transferred for before, after in pairwise(seen))
    assert all(each.size == LARGE and each.elapsed > 0 for each in seen)
    assert seen[-1].transferred == LARGE
    assert seen[-1].average == pytest.approx(LARGE / seen[-1].elapsed)
