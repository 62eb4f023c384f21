import pytest

from job_service.worker.transfers import (
    Attempt,
    Connections,
    Place,
    Progress,
    TransferCancelled,
    TransferError,
    Watch,
    copy_file,
    list_tree,
    mkdir,
    remove,
    rename,
)
from job_service.worker.transfers.site import DummySite
from job_service.worker.transfers.watch import Meter


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def seen():
    return []


@pytest.fixture
def watch(clock, seen):
    return Watch(seen.append, monotonic=clock.monotonic, sleep=clock.sleep)


def test_progress_has_the_rate_of_the_moment_and_of_all(watch, seen, clock):
    meter = Meter(watch, 1000)
    clock.now += 2
    meter.add(200)
    clock.now += 0.5
    meter.add(50)
    clock.now += 0.5
    meter.add(50)
    assert seen == [
        Progress(transferred=200, size=1000, elapsed=2, instant=100, average=100),
        Progress(transferred=300, size=1000, elapsed=3, instant=100, average=100),
    ]
    clock.now += 1
    meter.add(500)
    assert (seen[-1].instant, seen[-1].average) == (500, 200)


def test_a_report_at_once_divides_by_no_time(watch, seen):
    Meter(watch).report()
    assert seen == [Progress(transferred=0, size=0, elapsed=0, instant=0, average=0)]


def test_a_count_by_somebody_else_does_not_run_backwards(watch, seen):
    meter = Meter(watch)
    for count in (5, 3, 7):
        meter.reach(count)
    meter.report()
    assert seen[-1].transferred == 7


def test_what_is_not_wanted_any_more_stops_at_the_next_beat(clock):
    with pytest.raises(TransferCancelled):
        Meter(Watch(cancelled=lambda: True, monotonic=clock.monotonic)).beat()


DUMMY = DummySite(4, size=1000, rate=200)


@pytest.fixture
def connections():
    with Connections() as made:
        yield made


def test_a_dummy_plays_a_copy_of_its_size_at_its_rate(watch, seen, clock, connections):
    copied = copy_file(connections, Place(DUMMY, "~/a"), Place(DUMMY, "~/b"), Attempt("1"), watch)
    assert (copied.size, copied.seconds, clock.now) == (1000, 5.0, 105.0)
    assert [each.transferred for each in seen] == [200, 400, 600, 800, 1000, 1000]
    assert {each.average for each in seen} == {200}


def test_a_dummy_of_no_size_is_done_at_once(watch, seen, clock, connections):
    site = DummySite(4, size=0)
    copy_file(connections, Place(site, "~/a"), Place(site, "~/b"), Attempt("1"), watch)
    assert (clock.now, seen[-1].transferred) == (100.0, 0)


def test_a_copy_that_is_played_can_be_cancelled(clock, connections):
    watch = Watch(cancelled=lambda: clock.now > 101, monotonic=clock.monotonic, sleep=clock.sleep)
    with pytest.raises(TransferCancelled):
        copy_file(connections, Place(DUMMY, "~/a"), Place(DUMMY, "~/b"), Attempt("1"), watch)
    assert clock.now < 102


def test_a_dummy_lists_the_files_it_plays(watch, seen, connections):
    site = DummySite(4, files=2500)
    pages = list(list_tree(connections, Place(site, "~/a"), watch))
    assert [(page.directory, len(page.entries)) for page in pages] == [("~/a", 1000), ("~/a", 1000), ("~/a", 500)]
    assert len({entry.name for page in pages for entry in page.entries}) == 2500
    assert seen[-1].transferred == 2500
    (page,) = list_tree(connections, Place(site, "~/a/file-7"), watch)
    assert page.listing() == {"~/a": [{"name": "file-7", "st_mode": 0o100644, "st_size": 1_000_000, "st_mtime": 0}]}


def test_where_a_dummy_has_no_files_each_path_is_one(watch, connections):
    (page,) = list_tree(connections, Place(DUMMY, "/a/b"), watch)
    assert (page.directory, [entry.name for entry in page.entries]) == ("/a", ["b"])


def test_a_dummy_does_the_rest_at_once(connections):
    mkdir(connections, Place(DUMMY, "a"))
    assert rename(connections, Place(DUMMY, "a"), "b")
    assert remove(connections, Place(DUMMY, "b"))
    with pytest.raises(TransferError), connections.to(DUMMY):
        pytest.fail("nothing can be connected to it")
