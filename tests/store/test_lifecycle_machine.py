"""Any sequence of verbs, by two instances: after each of them the database is what the plain model says."""

import logging
from collections import Counter
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from job_service.jobs.adapter import Jobs
from job_service.lifecycle.errors import AlreadyFinished, TargetBusy
from job_service.lifecycle.job import State
from job_service.lifecycle.reports import Accepted, Release, Report
from job_service.mongo.verbs.reading import JobFilter
from tests.lifecycle_model import ARROWS, Asked
from tests.machine_profile import bounded
from tests.store.machine_handing import INSTANCE, PLACE, Handing, some
from tests.store.machine_world import counts_of, document_of, told_of

ENDS = st.sampled_from([None, "failed", "failed", "completed", "cancelled"])
SAID: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    end=ENDS,
    retry=st.sampled_from([True, True, False]),
    delay=st.sampled_from([None, 0, 40]),
    lease_seconds=st.sampled_from([None, 20]),
    progress=st.sampled_from([None, 10, 90]),
    step=st.sampled_from([None, "validating"]),
    message=st.sampled_from([None, "said one", "said two"]),
)


class Machine(Handing):
    """Goes on: workers speak, operators act, instances tidy up."""

    # Hearing from workers

    @some("claims")
    @rule(instance=INSTANCE, said=st.lists(st.tuples(PLACE, SAID), min_size=1, max_size=3))
    def report(self, instance, said):
        asked = []
        for place, words in said:
            claim_id, job_id = self.claims[-1 - place % len(self.claims)]
            asked.append(Asked(job_id, claim_id, **words))
        self._report(instance, asked)

    @precondition(lambda self: self.model.held())
    @rule(instance=INSTANCE, place=PLACE, words=SAID)
    def report_held(self, instance, place, words):
        """The worker that has a job speaks of it."""
        held = self.model.held()
        job = held[place % len(held)]
        self._report(instance, [Asked(job.id, job.claim_id, **words)])

    def _report(self, instance, asked):
        answers = self.store(instance).reporting.report([_as_report(item) for item in asked])
        for item, answer in zip(asked, answers, strict=True):
            expected = self.model.report(item)
            assert (answer.action if isinstance(answer, Accepted) else answer.code) == expected

    @some("claims")
    @rule(instance=INSTANCE, place=PLACE, delay=st.sampled_from([0, 0, 45]))
    def release(self, instance, place, delay):
        claim_id, job_id = self.claims[-1 - place % len(self.claims)]
        answer = self.store(instance).reporting.release([Release(job_id, claim_id, delay)])[0]
        expected = self.model.release(job_id, claim_id, delay)
        assert (answer.action if isinstance(answer, Accepted) else answer.code) == expected

    # Operating

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE)
    def cancel(self, instance, place):
        job_id = self.job_at(place)
        expected = self.model.cancel(job_id)
        if expected == "already-finished":
            with pytest.raises(AlreadyFinished):
                self.store(instance).operating.cancel(job_id)
        else:
            assert told_of(self.store(instance).operating.cancel(job_id)) == document_of(self.model.jobs[job_id])

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE)
    def reopen(self, instance, place):
        self._reopen(instance, self.job_at(place))

    def _reopen(self, instance, job_id):
        if self.model.reopen(job_id) == "target-busy":
            with pytest.raises(TargetBusy):
                self.store(instance).operating.reopen(job_id)
            return
        assert self.store(instance).operating.reopen(job_id)["state"] == "queued"
        self.copied.discard(job_id)
        self.moved.discard(job_id)

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE, end=st.sampled_from([None, "completed", "failed", "cancelled"]))
    def end_unheld(self, instance, place, end):
        """What a client without a claim does."""
        store, job_id = self.store(instance), self.job_at(place)
        state = State(end) if end else None
        changed = store.operating.change_unheld(store.reading.get(job_id), state, (), ())
        assert changed == self.model.end_unheld(job_id, end)

    @rule(instance=INSTANCE, paused=st.sampled_from([False] * 4 + [True]))
    def set_flag(self, instance, paused):
        self.store(instance).maintenance.set(paused=paused, msg="")
        self.world.look_at_the_flag()
        self.model.paused = paused

    # Housekeeping

    @rule(instance=INSTANCE)
    def sweep(self, instance):
        for job in self.model.jobs.values():
            if job.swept(self.model.now):
                self.model.end_spent(job)
        self.store(instance).sweeper.sweep()
        self._all_moved()

    def _all_moved(self):
        self.moved = {job.id for job in self.model.jobs.values() if job.ended}
        self.copied.clear()

    @some("jobs")
    @rule(
        point=st.sampled_from(["recorded", "copied"]), instance=INSTANCE, then=st.sampled_from(["", "r", "re", "rem"])
    )
    def mover_sleeps(self, point, instance, then):
        """One instance stops in the middle of a move; the other puts the first of its jobs back, ends it, moves it."""
        moving = [job.id for job in self.model.jobs.values() if job.ended and job.id not in self.moved]
        mover = self.store(instance).moving

        def meanwhile(reached):
            if reached == point and moving:
                self._all_moved_or_copied(moving, point)
                self._meanwhile(1 - instance, moving[0], then)

        mover._reached = meanwhile
        try:
            mover.move()
        finally:
            mover._reached = lambda _: None
        self.moved |= {job_id for job_id in moving if self.model.jobs[job_id].ended}
        self.copied -= self.moved
        if then == "re" and moving and not self._first_is_moved(moving[0]):
            self.moved.discard(moving[0])

    def _first_is_moved(self, job_id):
        return (job_id, "inprogress") not in self.world.stored()

    def _all_moved_or_copied(self, moving, point):
        if point == "copied":
            self.copied |= set(moving)

    def _meanwhile(self, instance, job_id, then):
        if "r" in then:
            self._reopen(instance, job_id)
        if "e" in then and not self.model.jobs[job_id].ended:
            store = self.store(instance)
            assert self.model.end_unheld(job_id, "completed")
            assert store.operating.change_unheld(store.reading.get(job_id), State.COMPLETED, (), ())
        if "m" in then:
            self.store(instance).sweeper.move_ended()

    @some("drifted")
    @rule()
    def recount(self):
        """What the dead have not told of is found."""
        self.world.recount()
        self.drifted = False

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE)
    def explain(self, instance, place):
        job = self.model.jobs[self.job_at(place)]
        shown = Jobs(self.store(instance)).explain(job.id)
        now = self.model.now
        assert shown["claimable"] == (job.due(now) and not job.spent(now) and not self.model.paused)
        assert shown["reasons"]

    # What always holds

    @invariant()
    def the_database_is_what_the_model_says(self):
        stored = self.world.stored()
        places = {(job.id, "inprogress") for job in self.model.jobs.values() if job.id not in self.moved}
        places |= {(job_id, "completed") for job_id in self.moved | self.copied}
        assert set(stored) == places
        for (job_id, _), document in stored.items():
            assert told_of(document) == document_of(self.model.jobs[job_id])

    @invariant()
    def the_arrows_told_of_are_those_that_were_taken(self):
        assert Counter(self.world.arrows()) == Counter(self.model.arrows)
        self.seen["steps"] += 1
        self.seen.update((verb, source, target) for verb, _, source, target in self.model.arrows)
        self.model.arrows.clear()

    @invariant()
    def the_counters_are_right(self):
        if not self.drifted:
            assert self.world.counted() == counts_of(self.model.jobs.values())

    def teardown(self):
        self.world.recount()
        assert self.world.counted() == counts_of(self.model.jobs.values())
        listed = [job["_id"] for job in self.store(0).reading.find(JobFilter())]
        assert listed == sorted(self.model.jobs, reverse=True)


def _as_report(asked):
    return Report(
        job_id=asked.job_id,
        claim_id=asked.claim_id,
        lease_seconds=asked.lease_seconds,
        progress=asked.progress,
        step=None if asked.end else asked.step,
        end=asked.end,
        retry=asked.retry,
        retry_delay=asked.delay,
        messages=(asked.message,) if asked.message else (),
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_store_agrees_with_the_model(database):
    seen: Counter = Counter()

    class Here(Machine):
        def __init__(self):
            super().__init__(database, seen)

    run_state_machine_as_test(Here, settings=bounded(70, 40))
    logging.getLogger(__name__).info("%s", dict(seen))
    # To take over is the word of a client without claims.
    assert len({arrow for arrow in ARROWS - set(seen) if arrow[0] != "takeover"}) <= 3, (
        "too many arrows were not taken: the machine has become tame"
    )
