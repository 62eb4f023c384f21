import os
from types import SimpleNamespace

import pytest

from job_service.command.gunicorn_hooks import stay_on_one_core


@pytest.fixture
def bound(monkeypatch):
    """Where workers have bound themselves, on a machine that lends them the processors 2 and 5."""
    chosen = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {5, 2}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: chosen.append((pid, cores)), raising=False)
    return chosen


def test_each_worker_keeps_to_the_next_of_the_processors_that_it_may_use(bound):
    for age in (1, 2, 3):
        stay_on_one_core(SimpleNamespace(age=age))
    assert bound == [(0, {5}), (0, {2}), (0, {5})]


def test_a_system_that_binds_nobody_is_no_fault(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    stay_on_one_core(SimpleNamespace(age=1))
