"""The first half of the state machine over the store: jobs are taken in and handed out."""

from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from pymongo.errors import AutoReconnect

from job_service.lifecycle.errors import Conflict
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.mongo.verbs.submission import Created
from tests.lifecycle_model import Model, Modeled
from tests.store.machine_world import World, document_of, interrupted, told_of

#: Which of the jobs, or of the claims that were ever made, newest first; one that is not there stands for another.
PLACE = st.integers(0, 7)
INSTANCE = st.integers(0, 1)
SECONDS = st.sampled_from([5, 30, 60])
NAMES = st.sampled_from(["A", "B", "C", "D", "E", "F"])
NARROWINGS = st.one_of(
    st.just(("dataset", (), ())),
    st.just(("dataset", (), ())),
    st.just(("conversion", (), ())),
    st.just(("dataset", ("ADD",), ())),
    st.just(("dataset", ("ADD", "CHANGE"), ("A", "B", "C"))),
)
#: How long from now it is not claimed any more, and how long an attempt may take: most have no such limit.
DEADLINES = st.tuples(st.sampled_from([None, None, None, 40]), st.sampled_from([None, None, 20, 50]))
NEW = st.tuples(
    *(NAMES, st.sampled_from(["ADD", "CHANGE"]), st.sampled_from([0, 5, 9]), st.sampled_from([0, 0, 0, 30]), DEADLINES)
)
KINDS = ["dataset", "dataset", "conversion"]


def some(things):
    return precondition(lambda machine: getattr(machine, things))


class Handing(RuleBasedStateMachine):
    """Does the same to the store and to the model; `seen` counts the arrows that were taken."""

    def __init__(self, database, seen):
        super().__init__()
        self.world = World(database)
        self.model = Model(self.world.clock.now())
        self.seen = seen
        self.jobs: list[str] = []
        self.claims: list[tuple[str, str]] = []
        self.made_claims: list[str] = []
        self.copied: set[str] = set()
        self.moved: set[str] = set()
        self.drifted = False

    def job_at(self, place):
        return self.jobs[-1 - place % len(self.jobs)]

    def store(self, instance):
        return self.world.stores[instance]

    # Time

    @rule(seconds=st.sampled_from([1, 6, 31, 61, 61, 700]))
    def advance(self, seconds):
        self.world.clock.advance(seconds)
        self.model.now = self.world.clock.now()

    # Taking in

    def _new(self, new, kind):
        name, operation, priority, delay, (start_within, run_seconds) = new
        start_before = self.model.now + timedelta(seconds=start_within) if start_within else None
        ready_at = self.model.now + timedelta(seconds=delay) if delay else None
        dataset = kind == "dataset"
        job = NewJob(
            kind=kind,
            parameters={"operation": operation, "target": name},
            type=operation,
            dataset_name=name if dataset else None,
            priority=priority,
            ready_at=ready_at,
            start_before=start_before,
            max_run_seconds=run_seconds,
        )
        modeled = Modeled("", kind, operation, name if dataset else None, priority, start_before=start_before)
        modeled.run_seconds = run_seconds or modeled.run_seconds
        return job, modeled, ready_at

    def _taken_in(self, outcome, modeled, ready_at):
        if isinstance(outcome, Created):
            modeled.id = outcome.job["_id"]
            assert self.model.submit(modeled, ready_at) is None
            self.jobs.append(modeled.id)
        else:
            assert outcome.holder == self.model.submit(modeled, ready_at) is not None

    @initialize(batch=st.lists(NEW, min_size=3, max_size=6))
    def begin(self, batch):
        self.submit(0, batch, "dataset")

    @rule(instance=INSTANCE, batch=st.lists(NEW, min_size=1, max_size=4), kind=st.sampled_from(KINDS))
    def submit(self, instance, batch, kind):
        new = [self._new(item, kind) for item in batch]
        outcomes = self.store(instance).submission.create([job for job, _, _ in new])
        for outcome, (_, modeled, ready_at) in zip(outcomes, new, strict=True):
            self._taken_in(outcome, modeled, ready_at)

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE)
    def submit_again(self, instance, place):
        """The sending of a keyed batch is repeated: the same ids, of which some may have ended."""
        job = self.model.jobs[self.job_at(place)]
        new = NewJob(kind=job.kind, parameters={}, job_id=job.id, type=job.type, dataset_name=job.name)
        submission = self.store(instance).submission
        known = submission.already_ended([job.id])
        if job.ended:
            assert (set(known), known[job.id]["state"]) == ({job.id}, job.state)
        else:
            assert not known
            assert isinstance(submission.create([new], once=True)[0], Created)

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE)
    def retry(self, instance, place):
        store, old = self.store(instance), self.model.jobs[self.job_at(place)]
        if not old.ended:
            with pytest.raises(Conflict):
                store.operating.as_new(old.id)
            return
        modeled = Modeled("", old.kind, old.type, old.name, old.priority, old.tries, retried_from=old.id)
        modeled.run_seconds = old.run_seconds
        self._taken_in(store.submission.create([store.operating.as_new(old.id)])[0], modeled, None)

    # Handing out

    def _handed_out(self, claim_id, jobs, expected):
        assert [job["_id"] for job in jobs] == expected
        self.claims += [(claim_id, job_id) for job_id in expected]
        for job in jobs:
            assert told_of(job) == document_of(self.model.jobs[job["_id"]])

    @rule(instance=INSTANCE, narrowing=NARROWINGS, limit=st.integers(1, 4), seconds=SECONDS)
    def claim(self, instance, narrowing, limit, seconds):
        asked = ClaimAsked(f"claim-{len(self.made_claims)}", "w1", limit, seconds, repeatable=True)
        self.made_claims.append(asked.claim_id)
        self._claim(instance, narrowing, asked)

    @rule(instance=INSTANCE, limit=st.integers(2, 4), seconds=SECONDS, times=st.integers(1, 3))
    def lose_workers(self, instance, limit, seconds, times):
        for _ in range(times):
            self.claim(instance, ("dataset", (), ()), limit, seconds)
            self.advance(seconds)

    @some("made_claims")
    @rule(
        instance=INSTANCE,
        place=PLACE,
        narrowing=NARROWINGS,
        limit=st.integers(1, 4),
        worker=st.sampled_from(["w1", "w2"]),
    )
    def claim_again(self, instance, place, narrowing, limit, worker):
        """The same claim id: sent again, or chosen by another worker too."""
        claim_id = self.made_claims[-1 - place % len(self.made_claims)]
        self._claim(instance, narrowing, ClaimAsked(claim_id, worker, limit, 60, repeatable=True))

    def _claim(self, instance, narrowing, asked):
        expected = self.model.claim_many(asked.claim_id, asked.worker, asked.limit, asked.lease_seconds, *narrowing)
        claimed = self.store(instance).claiming.claim_many(self._narrowing(narrowing), [asked])[0]
        assert (claimed.pause is not None) == self.model.paused
        self._handed_out(asked.claim_id, claimed.jobs, expected)

    @staticmethod
    def _narrowing(narrowing):
        return Narrowing(**dict(zip(("kind", "types", "dataset_names"), narrowing, strict=False)))

    @rule(instance=INSTANCE, narrowing=NARROWINGS, seconds=SECONDS, place=st.none() | PLACE)
    def claim_one(self, instance, narrowing, seconds, place):
        wanted = self.job_at(place) if self.jobs and place is not None else None
        asked = ClaimAsked(f"single-{len(self.claims)}-{self.model.now}", "w3", 1, seconds)
        expected = self.model.claim_first(asked.claim_id, "w3", seconds, wanted, *narrowing)
        claimed = self.store(instance).claiming.claim_one(self._narrowing(narrowing), asked, wanted)
        assert (claimed.pause is not None) == self.model.paused
        self._handed_out(asked.claim_id, claimed.jobs, expected)

    @precondition(lambda self: not self.model.paused)
    @rule(instance=INSTANCE, narrowing=NARROWINGS, limit=st.integers(1, 3), written=st.booleans())
    def die_while_claiming(self, instance, narrowing, limit, written):
        """The claim is sent again later, or never."""
        claim_id = f"claim-{len(self.made_claims)}"
        self.made_claims.append(claim_id)
        share = self.model.intend(claim_id, limit, *narrowing)
        asked = ClaimAsked(claim_id, "w1", limit, 60, repeatable=True)
        with pytest.MonkeyPatch.context() as patch:
            interrupted(self.store(instance), patch, written=written)
            if not share:
                self.store(instance).claiming.claim_many(self._narrowing(narrowing), [asked])
                return
            with pytest.raises(AutoReconnect):
                self.store(instance).claiming.claim_many(self._narrowing(narrowing), [asked])
        if written:
            told = len(self.model.arrows)
            self.claims += [(claim_id, job_id) for job_id in self.model.claim(claim_id, "w1", share, 60)]
            del self.model.arrows[told:]
            self.drifted = True
