"""The first half of the state machine over HTTP: jobs are taken in and handed out."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from job_service.app import create_app
from tests.api.machine_dialects import Dialects, moment, told_of, view_of
from tests.lifecycle_model import Modeled
from tests.store.machine_handing import INSTANCE, NAMES, PLACE, SECONDS, some
from tests.store.machine_world import World

_ALSO_TOUCHED = ("targets", "workers", "maintenance_history", "idempotency")
SOURCES = st.sampled_from(["freg", "sirius"])
#: Old clients are known by a name, which a worker that uses claims may have too.
CLIENTS = st.sampled_from(["old-1", "old-2"])
WORKERS = st.sampled_from(["w1", "old-1"])
NEW = st.fixed_dictionaries(
    {"target": NAMES, "operation": st.sampled_from(["ADD", "CHANGE"])},
    optional={"priority": st.sampled_from([0, 9]), "delay": st.just(30)},
)
_ALL: tuple[str, dict[str, list[str]]] = ("dataset", {})
NARROWINGS = st.sampled_from(
    [
        _ALL,
        _ALL,
        ("conversion", {}),
        ("conversion", {"source": "freg"}),
        ("dataset", {"operation": ["ADD"]}),
        ("dataset", {"operation": ["ADD", "CHANGE"], "target": ["A", "B", "C"]}),
    ]
)


class Asking(RuleBasedStateMachine):
    """Asks one of two instances and the model; `seen` counts the arrows that were taken."""

    def __init__(self, database, settings, seen):
        super().__init__()
        for name in _ALSO_TOUCHED:
            database[name].delete_many({})
        self.world = World(database)
        self.http = [create_app(settings, store).test_client() for store in self.world.stores]
        for store in self.world.stores:
            store.sweeper.duties = ()
        self.model = Dialects(self.world.clock.now())
        self.seen = seen
        self.jobs: list[str] = []
        self.claims: list[tuple[str, str]] = []
        self.made_claims: list[str] = []
        self.keyed: dict[str, tuple[list[dict], list[dict]]] = {}

    def job_at(self, place):
        return self.model.jobs[self.jobs[-1 - place % len(self.jobs)]]

    def document_at(self, place, *, active=False):
        """Give a conversion, an active one if that is wanted and there is one; there is always some."""
        documents = [job for job in self.model.jobs.values() if job.kind == "conversion"]
        wanted = [job for job in documents if job.state == "running" or not active] or documents
        return wanted[-1 - place % len(wanted)]

    def ask(self, instance, method, path, status, **sent):
        """Send a request; its answer must have this status."""
        answer = getattr(self.http[instance], method)(path, **sent)
        assert answer.status_code == status, (path, status, answer.text)
        return answer

    def refused(self, instance, method, path, status, code, **sent):
        assert self.ask(instance, method, path, status, **sent).json["code"] == code

    # Time

    @rule(seconds=st.sampled_from([1, 6, 31, 61, 61, 700, 90_000]))
    def advance(self, seconds):
        self.world.clock.advance(seconds)
        self.model.now = self.world.clock.now()

    # Taking in

    def _item(self, new):
        delay = new.get("delay")
        at = self.model.now + timedelta(seconds=delay) if delay else None
        item = {name: value for name, value in new.items() if name != "delay"}
        return item | ({"notBefore": at.isoformat()} if at else {}), at

    def _taken_in(self, item, at, result):
        priority = item.get("priority", 5)
        job = Modeled(result.get("job_id", ""), "dataset", item["operation"], item["target"], priority)
        holder = self.model.submit(job, at)
        if holder is None:
            assert result == {"job_id": job.id, "status": "CREATED", "msg": "OK"}
            self.jobs.append(job.id)
        else:
            assert (result["status"], result["code"]) == ("FAILED", "target-busy")
            assert holder in result["msg"]

    @initialize(batch=st.lists(NEW, min_size=3, max_size=6), documents=st.lists(SOURCES, min_size=2, max_size=3))
    def begin(self, batch, documents):
        self.submit(0, batch, keyed=False)
        for source in documents:
            self.submit_document(0, source, None)

    @rule(instance=INSTANCE, batch=st.lists(NEW, min_size=1, max_size=4), keyed=st.booleans())
    def submit(self, instance, batch, keyed):
        new = [self._item(item) for item in batch]
        items = [item for item, _ in new] + [{"target": "A"}]
        headers = {"Idempotency-Key": f"key-{len(self.keyed)}"} if keyed else {}
        results = self.ask(instance, "post", "/jobs", 200, json={"jobs": items}, headers=headers).json
        assert results.pop()["msg"] == "Missing operation"
        for (item, at), result in zip(new, results, strict=True):
            self._taken_in(item, at, result)
        if keyed:
            self.keyed[headers["Idempotency-Key"]] = items, results

    @some("keyed")
    @rule(instance=INSTANCE, place=PLACE)
    def submit_again(self, instance, place):
        """A keyed batch is repeated: it is answered as before, whatever became of its jobs, and nothing is made."""
        key = list(self.keyed)[-1 - place % len(self.keyed)]
        items, results = self.keyed[key]
        headers = {"Idempotency-Key": key}
        answer = self.ask(instance, "post", "/jobs", 200, json={"jobs": items}, headers=headers)
        assert answer.json[:-1] == results
        other = {"jobs": items[1:]}
        self.refused(instance, "post", "/jobs", 409, "idempotency-mismatch", json=other, headers=headers)

    @rule(instance=INSTANCE, source=SOURCES, end=st.none() | st.sampled_from("012"))
    def submit_document(self, instance, source, end):
        """A document comes in; with an id of its own, or with one that is made, which one instance does."""
        given = end and "0" * 25 + end
        path = f"/job/available/{source}" + (f"/{given}" if given else "")
        document = {"said": len(self.jobs)}
        if given in self.model.jobs:
            self.refused(instance, "post", path, 409, "conflict", json=document)
            return
        answer = self.ask(instance if given else 0, "post", path, 201, json=document)
        job_id = answer.json["id"]
        assert given in {None, job_id}
        assert answer.json == {"id": job_id, "source": source, "job": document}
        assert answer.headers["Location"] == f"/job/available/{source}/{job_id}"
        assert self.model.submit(Modeled(job_id, "conversion", source)) is None
        self.jobs.append(job_id)

    def retry(self, instance, old):
        path = f"/jobs/{old.id}/retry"
        # Ids of documents that two instances make at the same moment may come in any order.
        instance = 0 if old.kind == "conversion" else instance
        job = Modeled("", old.kind, old.type, old.name, old.priority, old.tries, retried_from=old.id)
        if not old.ended:
            self.refused(instance, "post", path, 409, "conflict")
        elif self.model.holder(old.name):
            self.refused(instance, "post", path, 409, "target-busy")
        else:
            answer = self.ask(instance, "post", path, 201)
            job.id = answer.json["jobId"]
            assert job.id > old.id
            assert self.model.submit(job) is None
            self.jobs.append(job.id)
            assert answer.headers["Location"] == f"/jobs/{job.id}"
            assert told_of(answer.json) == view_of(job)

    # Handing out

    @rule(
        instance=INSTANCE,
        narrowing=NARROWINGS,
        asked=st.tuples(st.sampled_from([1, 1, 2, 4]), SECONDS, WORKERS),
        form=st.sampled_from(["new", "made", "again"]),
        place=PLACE,
    )
    def claim(self, instance, narrowing, asked, form, place):
        """Claim under an id of the worker's own, one that the service makes, or one that was used before."""
        if form == "made":
            self._claim_without_id(instance, narrowing, *asked)
        elif form == "again" and self.made_claims:
            claim_id = self.made_claims[-1 - place % len(self.made_claims)]
            self._claim_as(instance, claim_id, narrowing, *asked)
        else:
            self._claim_anew(instance, narrowing, *asked)

    def _claim_anew(self, instance, narrowing, limit, seconds, worker):
        claim_id = f"claim-{len(self.made_claims):03}"
        self.made_claims.append(claim_id)
        self._claim_as(instance, claim_id, narrowing, limit, seconds, worker)

    @rule(instance=INSTANCE, limit=st.integers(2, 4), seconds=SECONDS, times=st.integers(1, 3))
    def lose_workers(self, instance, limit, seconds, times):
        for _ in range(times):
            self._claim_anew(instance, _ALL, limit, seconds, "w1")
            self.advance(seconds)

    def _claim_as(self, instance, claim_id, narrowing, limit, seconds, worker):
        asked = {"claimId": claim_id, "limit": limit, "leaseSeconds": seconds, "worker": worker}
        expected = self.model.claim_many(claim_id, worker, limit, seconds, *_as_modeled(narrowing))
        self._handed_out(claim_id, expected, self._post_claim(instance, narrowing, asked))

    def _claim_without_id(self, instance, narrowing, limit, seconds, worker):
        """The service chooses the id. One job alone is claimed past what is spent, many end what is in their way."""
        modeled, model = _as_modeled(narrowing), self.model
        answer = self._post_claim(instance, narrowing, {"limit": limit, "leaseSeconds": seconds, "worker": worker})
        claim_id = answer["claims"][0]["claimId"] if answer["claims"] else "none"
        if limit == 1:
            expected = model.claim_first(claim_id, worker, seconds, None, *modeled)
        else:
            share = [] if model.paused else model.pick(limit, *modeled)
            expected = model.claim(claim_id, worker, share, seconds)
        self._handed_out(claim_id, expected, answer)

    def _post_claim(self, instance, narrowing, asked):
        kind, where = narrowing
        answer = self.ask(instance, "post", "/claims", 200, json={"kind": kind, "where": where, **asked})
        assert (answer.headers.get("Retry-After") == "5") == self.model.paused
        return answer.json

    def _handed_out(self, claim_id, expected, answer):
        assert answer.get("paused", False) == self.model.paused
        assert moment(answer["serverTime"]) == self.model.now
        assert [held["job"]["jobId"] for held in answer["claims"]] == expected
        self.claims += [(claim_id, job_id) for job_id in expected]
        for held in answer["claims"]:
            job = self.model.jobs[held["job"]["jobId"]]
            assert told_of(held["job"]) == view_of(job)
            assert moment(held["leaseExpiresAt"]) == job.ready_at
            assert (held["claimId"], held["attempt"]) == (claim_id, job.attempts + job.lost + 1)

    def take_document(self, instance, source, client):
        path = f"/job/available/{source}" if source else "/job/available"
        taken = self.model.take(client, source)
        answer = self.ask(instance, "get", path, 200 if taken else 404, headers={"X-Worker": client})
        assert answer.headers["Cache-Control"] == "no-store"
        if taken:
            assert (answer.json["id"], answer.json["source"]) == (taken, self.model.jobs[taken].type)
        else:
            assert answer.json["code"] == "not-found"
            assert ("Retry-After" in answer.headers) == self.model.paused


def _as_modeled(narrowing):
    kind, where = narrowing
    types = where.get("operation") or ([where["source"]] if "source" in where else [])
    return kind, tuple(types), tuple(where.get("target", ()))
