import os
from types import SimpleNamespace

import pytest

from job_service.command.gunicorn_hooks import choose_core, stay_on_one_core


class Worker:
    """What a worker of gunicorn is here: something that can be told from others."""


@pytest.fixture
def bound(monkeypatch):
    """Where workers have bound themselves, on a machine that lends them the processors 2 and 5."""
    chosen = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {5, 2}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: chosen.append((pid, cores)), raising=False)
    return chosen


def fork(arbiter, pid):
    worker = Worker()
    choose_core(arbiter, worker)
    arbiter.WORKERS[pid] = worker
    stay_on_one_core(worker)


def test_workers_spread_over_the_processors_that_they_may_use(bound):
    arbiter = SimpleNamespace(WORKERS={})
    for pid in (1, 2, 3):
        fork(arbiter, pid)
    assert bound == [(0, {2}), (0, {5}), (0, {2})]


def test_a_worker_that_is_started_again_takes_the_place_of_the_one_that_died(bound):
    arbiter = SimpleNamespace(WORKERS={})
    for pid in (1, 2):
        fork(arbiter, pid)
    del arbiter.WORKERS[1]
    fork(arbiter, 3)
    assert bound[-1] == (0, {2})


def test_a_system_that_binds_nobody_is_no_fault(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    worker = Worker()
    choose_core(SimpleNamespace(WORKERS={}), worker)
    stay_on_one_core(worker)
