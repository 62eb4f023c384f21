"""Whatever handlers do, each job ends or waits again, and the worker takes the next one."""

import functools
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.client import JobServiceClient
from job_service.worker import GiveUp, JobCancelled, TryAgain, Worker
from tests.machine_profile import bounded
from tests.unit.worker.test_odd_errors import Leaving, Liar, Mute, SilentError

ENDED = ("completed", "failed", "cancelled", "given-back")
ODD = (Mute, Liar, Leaving, SilentError, object, set, lambda: range(3), lambda: "x" * 20_000)


#: Errors that are made of two things.
KIT: tuple[object, ...] = (GiveUp, TryAgain)


@dataclass(frozen=True)
class Odd:
    """Stands for an object that Hypothesis could not print."""

    number: int


@dataclass(frozen=True)
class Deed:
    """What a handler says, and how it ends: it returns `value`, or raises `error` made of `text` and `value`."""

    said: list[tuple[str, Any]]
    error: Callable[..., BaseException] | None
    text: Any
    value: Any
    grouped: bool

    def do(self, job: Any) -> Any:
        for name, argument in self.said:
            getattr(job, name)(real(argument))
        if self.error is None:
            return real(self.value)
        texts = [real(self.text), real(self.value)][: 2 if self.error in KIT else 1]
        error = self.error(*texts)
        raise BaseExceptionGroup("one", [error]) if self.grouped else error


def real(value: Any) -> Any:
    if isinstance(value, Odd):
        return ODD[value.number]()
    if isinstance(value, list):
        return [real(each) for each in value]
    return {key: real(each) for key, each in value.items()} if isinstance(value, dict) else value


TEXTS = st.text(st.characters()) | st.sampled_from([None, b"raw", 5]) | st.integers(0, len(ODD) - 1).map(Odd)
NUMBERS = st.floats() | st.integers() | st.none() | st.timedeltas() | st.sampled_from(["soon", 10**400])
VALUES = st.recursive(
    TEXTS | NUMBERS | st.datetimes() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=5,
)
ERRORS = (GiveUp, TryAgain, JobCancelled, KeyError, OSError, RecursionError, SystemExit, KeyboardInterrupt)
DEEDS = st.builds(
    Deed,
    said=st.lists(st.tuples(st.sampled_from(["log", "status", "progress"]), VALUES), max_size=2),
    error=st.none() | st.sampled_from([*ERRORS, GeneratorExit, StopIteration]),
    text=TEXTS,
    value=VALUES | NUMBERS,
    grouped=st.booleans(),
)


def test_every_job_ends_or_waits_again_and_the_next_one_is_done(service, start):
    deeds: dict[str, Deed] = {}
    running = start(lambda job: deeds[job.id].do(job), concurrency=2)

    @bounded(60)
    @given(st.lists(DEEDS, min_size=1, max_size=4))
    def every_job_ends(drawn):
        with service.changed:
            helds = [service.add() for _ in drawn]
            deeds.update({held.job_id: deed for held, deed in zip(helds, drawn, strict=True)})
        for held in helds:
            service.wait_for(held, *ENDED)
            assert held.state != "running"
        service.jobs.clear()

    every_job_ends()
    assert running.thread.is_alive()


def test_a_fault_of_the_worker_itself_lets_the_job_go_and_the_next_one_is_done(service, start, caplog):
    running = start(lambda job: "done", concurrency=1, ready=lambda kind: bool(service.jobs))
    runner, failing = running.worker._runner, [ZeroDivisionError("ours")]

    class Failing:
        """Fails at its first job."""

        def run(self, job, subscription):
            if failing:
                raise failing.pop()
            runner.run(job, subscription)

    running.worker._runner = Failing()
    lost, next_one = service.add(), service.add()
    service.wait_for(next_one)
    running.stop()
    assert lost.updates == []
    assert running.worker._reporter.watched() == []
    assert "Job job-1: the worker failed" in caplog.text


def test_a_handler_that_never_pauses_is_heard_of_all_the_same(service, start):
    def handler(job):
        job.log("begun")
        while len(held.updates) < 3:
            sum(range(1000))

    service.next_heartbeat_seconds = 0.01
    held = service.add()
    start(handler)
    service.wait_for(held)
    assert held.end["status"] == "completed"


async def eventually(job):
    return job.id


class Eventual:
    """A handler that is an object with an asynchronous call."""

    async def __call__(self, job):
        return job.id


@pytest.mark.parametrize("handler", [eventually, functools.partial(eventually), Eventual()], ids=type)
def test_an_asynchronous_handler_is_refused_where_it_is_registered(handler):
    with pytest.raises(TypeError, match=r"asyncio\.run"):
        Worker(JobServiceClient("http://127.0.0.1:1")).handles("dataset")(handler)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def return_what_cannot_be_pickled():
    return lambda: None


class Unpicklable(Exception):
    """An error that another process cannot read: it is made of two texts, and remembers one."""

    def __init__(self, first, second):
        super().__init__(first)


def raise_what_cannot_be_pickled():
    raise Unpicklable("a", "b")


@pytest.mark.parametrize("work", [die, return_what_cannot_be_pickled, raise_what_cannot_be_pickled])
def test_a_child_process_that_dies_or_cannot_answer_fails_its_job_with_a_sentence(service, start, work):
    def handler(job):
        with ProcessPoolExecutor(1) as pool:
            return pool.submit(work).result()

    held = service.add()
    start(handler)
    service.wait_for(held)
    assert held.end["status"] == "failed"
    assert len(held.end["log"].split()) > 2
