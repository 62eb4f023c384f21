"""Notes are written for those who read them, and not for nobody."""

import threading
from datetime import UTC, datetime

import pytest

from job_service.lifecycle.job import State
from job_service.lifecycle.transitions import Transition
from job_service.mongo.telling import note_readers
from job_service.mongo.telling.note_readers import NoteReaders
from job_service.mongo.telling.notes import NoteBoard
from tests.system.serving.waiting import until


@pytest.fixture
def looks_always(monkeypatch):
    monkeypatch.setattr(note_readers, "_LOOK_SECONDS", 0.0)


@pytest.fixture
def one(store, clock):
    return NoteReaders(store.collections, clock)


@pytest.fixture
def other(store, clock):
    return NoteReaders(store.collections, clock)


def test_nobody_is_its_own_audience(looks_always, one, other):
    one.join()
    assert not one.is_there()
    assert other.is_there()


def test_one_that_has_died_is_taken_for_a_reader_for_a_while_only(looks_always, one, other, clock):
    one.join()
    clock.advance(74)
    assert other.is_there()
    clock.advance(2)
    other.look()
    assert not other.is_there()


def test_one_that_goes_on_reading_says_so_again(looks_always, one, other, clock, monkeypatch):
    one.join()
    clock.advance(40)
    one.join()
    assert other.is_there()
    monkeypatch.setattr(note_readers, "_RENEW_SECONDS", 0.0)
    one.join()
    clock.advance(40)
    other.look()
    assert other.is_there()


def test_what_was_seen_is_good_for_a_second(one, other, monkeypatch):
    assert not one.is_away()
    assert not one.is_there()
    other.join()
    assert one.is_away()
    assert not one.is_there()
    monkeypatch.setattr(note_readers, "_LOOK_SECONDS", 0.0)
    assert not one.is_away()
    assert one.is_there()


def test_nothing_is_noted_before_somebody_reads(looks_always, store, clock, other, monkeypatch):
    looked = threading.Semaphore(0)
    is_there = NoteReaders.is_there

    def is_there_and_tell(asked):
        there = is_there(asked)
        looked.release()
        return there

    monkeypatch.setattr(NoteReaders, "is_there", is_there_and_tell)
    signals = NoteBoard(store.collections, clock)
    signals.observe([ended("first")])
    assert looked.acquire(timeout=10)
    other.join()
    signals.observe([ended("second")])
    [note] = until(lambda: list(store.collections.signals.find({"by": {"$exists": True}})))
    signals.stop()
    assert note["ended"] == ["second"]


def ended(job_id):
    return Transition(
        verb="finish",
        job_id=job_id,
        kind="dataset",
        type=None,
        source=State.RUNNING,
        target=State.COMPLETED,
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
