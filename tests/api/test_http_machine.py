"""Any sequence of requests, to two instances: each answer, and what is shown after it, is what the plain model says."""

import logging
from collections import Counter
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from tests.api.machine_asking import CLIENTS, SOURCES, Asking
from tests.api.machine_dialects import BRANCHES, moment, status_of, told_of, view_of, word_of
from tests.lifecycle_model import ARROWS, Asked
from tests.machine_profile import bounded
from tests.store.machine_handing import INSTANCE, PLACE, some

STATES = ("queued", "running", "completed", "failed", "cancelled", "quarantined")
#: No client of these APIs puts a job back, and only a lease that has run out may be taken over from one with a name.
TAKEN = {arrow for arrow in ARROWS if arrow[0] not in {"reopen", "takeover"}}
ENDS = ("completed", "failed", "cancelled")
MESSAGES = st.sampled_from([None, "said one", "said two"])
SAID: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    status=st.sampled_from([None, "validating", "failed", "failed", "completed", "cancelled"]),
    retry=st.sampled_from([True, True, False]),
    leaseSeconds=st.sampled_from([None, 20]),
    progress=st.sampled_from([None, 10, 90]),
    log=MESSAGES,
)
PUT_STATUS = st.sampled_from([None, "initiated", "initiated", "validating", "built", "queued", "completed", "failed"])
VERBS = st.sampled_from(["take", "take", "check", "check", "finish"])
PUT_FORM = st.sampled_from(["held", "held", "plain", "named"])


class Machine(Asking):
    """Goes on: workers and old clients speak, operators act and look."""

    # Workers that use claims

    @some("claims")
    @rule(instance=INSTANCE, place=PLACE, words=SAID, holds=st.sampled_from([True, True, False]))
    def report(self, instance, place, words, holds):
        """A worker speaks of a job that it has, or once had."""
        known = (holds and self._held()) or self.claims
        claim_id, job_id = known[-1 - place % len(known)]
        self._report(instance, job_id, claim_id, words)

    def _held(self):
        """Give the claims that still hold their job."""
        return [(claim_id, job_id) for claim_id, job_id in self.claims if self.model.jobs[job_id].claim_id == claim_id]

    def _report(self, instance, job_id, claim_id, words):
        expected = self.model.report(_as_asked(job_id, claim_id, words))
        path = f"/claims/{claim_id}/jobs/{job_id}"
        answer = self.ask(instance, "patch", path, status_of(expected), json=_as_sent(words))
        self._answered(answer.json | {"ok": answer.status_code == 200}, expected, job_id)

    @some("claims")
    @rule(instance=INSTANCE, said=st.lists(st.tuples(PLACE, SAID), min_size=1, max_size=3))
    def report_many(self, instance, said):
        asked = [(*self.claims[-1 - place % len(self.claims)], words) for place, words in said]
        updates = [{"claimId": claim, "jobId": job, **_as_sent(words)} for claim, job, words in asked]
        results = self.ask(instance, "patch", "/claims", 200, json={"updates": updates}).json["results"]
        for (claim_id, job_id, words), result in zip(asked, results, strict=True):
            expected = self.model.report(_as_asked(job_id, claim_id, words))
            assert (result["claimId"], result["jobId"]) == (claim_id, job_id)
            renewed = result["ok"] and "leaseExpiresAt" in result
            assert (result["action"] if result["ok"] else result["code"]) == expected
            assert renewed is (expected in {"continue", "cancel"} and words["status"] not in ENDS)

    def _answered(self, answer, expected, job_id):
        assert (answer["action"] if answer["ok"] else answer["code"]) == expected
        job = self.model.jobs[job_id]
        if answer["ok"] and job.claim_id:
            assert moment(answer["leaseExpiresAt"]) == job.ready_at
            assert answer["nextHeartbeatSeconds"] == round((job.lease_seconds or 0) / 3, 1)
        else:
            assert "leaseExpiresAt" not in answer

    @some("claims")
    @rule(instance=INSTANCE, place=PLACE, delay=st.sampled_from([0, 0, 45]), holds=st.booleans())
    def release(self, instance, place, delay, holds):
        known = (holds and self._held()) or self.claims
        claim_id, job_id = known[-1 - place % len(known)]
        expected = self.model.release(job_id, claim_id, delay)
        path = f"/claims/{claim_id}/jobs/{job_id}" + (f"?delay={delay}" if delay else "")
        answer = self.ask(instance, "delete", path, status_of(expected)).json
        if expected == "continue":
            assert told_of(answer) == view_of(self.model.jobs[job_id])
        else:
            assert answer["code"] == expected

    # Clients that know nothing of claims

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE, client=CLIENTS, status=PUT_STATUS, log=MESSAGES, form=PUT_FORM)
    def put(self, instance, place, client, status, log, form):
        """A client speaks of any job, or of one that it has."""
        held = [job for job in self.model.held() if job.worker in {"old-1", "old-2"}]
        job = held[place % len(held)] if held and form == "held" else self.job_at(place)
        client = str(job.worker) if job in held and form == "held" else client
        self._put(instance, job, client, status, log, named=form == "named")

    def _put(self, instance, job, client, status, log, *, named):
        sent = {"status": status} if status else {"description": "As it is"}
        sent |= {"log": log} if log else {}
        sent |= {"jobId": job.id} if named else {}
        end = status if status in ENDS else None
        asked = Asked(job.id, "", end=end, step=None if end else status, message=log)
        expected = self.model.put(asked, client, status)
        path = "/jobs" if named else f"/jobs/{job.id}"
        answer = self.ask(instance, "put", path, status_of(expected), json=sent, headers={"X-Worker": client})
        assert answer.json.get("code", "continue") == expected

    @rule(instance=INSTANCE, place=PLACE, verb=VERBS, source=st.none() | SOURCES, client=CLIENTS, active=st.booleans())
    def convert(self, instance, place, verb, source, client, active):
        """A converter gets a document, says that it is still there, or that it is done."""
        job = self.document_at(place, active=active)
        if verb == "take":
            self.take_document(instance, source, client)
        elif verb == "check":
            self.advance(1)
            self.ask(instance, "head", f"/job/active/{job.type}/{job.id}", 200 if self.model.keep(job) else 404)
        else:
            self.ask(instance, "post", f"/job/done/{job.type}/{job.id}", 200 if self.model.finish(job) else 404)

    # Operating

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE, verb=st.sampled_from(["cancel", "cancel", "retry"]))
    def operate(self, instance, place, verb):
        job = self.job_at(place)
        (self.retry if verb == "retry" else self._cancel)(instance, job)

    def _cancel(self, instance, job):
        path = f"/jobs/{job.id}/cancel"
        if self.model.cancel(job.id) == "already-finished":
            self.refused(instance, "post", path, 409, "already-finished")
        else:
            assert told_of(self.ask(instance, "post", path, 200).json) == view_of(job)

    @rule(instance=INSTANCE, paused=st.sampled_from([False] * 4 + [True]), message=st.sampled_from(["one", "two"]))
    def set_flag(self, instance, paused, message):
        sent = {"msg": message, "pause": int(paused)}
        answer = self.ask(instance, "post", "/maintenance-status", 200, json=sent)
        self.world.look_at_the_flag()
        self.model.paused = paused
        assert (answer.json["paused"], answer.json["msg"]) == (paused, message)
        assert self.ask(1 - instance, "get", "/maintenance-status", 200).json == answer.json

    @rule(instance=INSTANCE)
    def sweep(self, instance):
        for job in self.model.jobs.values():
            if job.swept(self.model.now):
                self.model.end_spent(job)
        self.world.stores[instance].sweeper.sweep()

    # Looking

    @some("jobs")
    @rule(instance=INSTANCE, place=PLACE, what=st.sampled_from(["explain", "explain", "branches", "pages", "lists"]))
    def look(self, instance, place, what):
        looks = {
            "explain": self._explain,
            "branches": self._look_at_branches,
            "pages": self._turn_pages,
            "lists": self._narrow_lists,
        }
        looks[what](instance, place)

    def _explain(self, instance, place):
        job = self.job_at(place)
        shown = self.ask(instance, "get", f"/jobs/{job.id}/explain", 200).json
        assert (shown["jobId"], shown["state"]) == (job.id, job.state)
        assert shown["claimable"] == self.model.may_have(job)
        reasons = [reason["code"] for reason in shown["reasons"]]
        # Who is alive is remembered by the real clock.
        assert [code for code in reasons if code != "no-live-worker"] == self.model.reasons(job)
        for reason in shown["reasons"]:
            if reason["code"] == "ahead-in-queue":
                assert reason["ahead"] == self.model.queue(job.kind).index(job)

    def _look_at_branches(self, instance, place):
        """A document hangs in one branch."""
        job = self.document_at(place)
        source = "freg" if place == 0 else None
        well = job.state in {"queued", "running", "completed"}
        for branch in BRANCHES:
            there = self.model.in_branch(job, branch) and source in {None, job.type}
            answer = self.ask(instance, "get", f"/job/{branch}/{source or job.type}/{job.id}", 200 if there else 404)
            assert not there or answer.json.get("state") == (None if well else job.state)

    def _turn_pages(self, instance, place):
        found, path = [], f"/jobs?kind=all&limit={1 + place}"
        while path:
            answer = self.ask(instance, "get", path, 200)
            found += [job["jobId"] for job in answer.json]
            path = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
        assert found == sorted(self.model.jobs, reverse=True)

    def _narrow_lists(self, instance, place):
        """Of datasets those are listed that are like one job."""
        like = _words_of(self.job_at(place))
        for by in like if like["target"] else ():
            self._listed(instance, {by: like[by]}, lambda job, by=by: self._is_like(job, like, by))
        self._listed(instance, {"ignoreCompleted": "true"}, lambda job: not job.ended)

    def _is_like(self, job, like, by):
        """Of those that wait only what may start now is listed."""
        may_start = job.state != "queued" or self.model.may_have(job)
        return _words_of(job)[by] == like[by] and (by != "status" or may_start)

    def _listed(self, instance, query, fits):
        ids = [job.id for job in self.model.jobs.values() if job.kind == "dataset" and fits(job)]
        answer = self.ask(instance, "get", "/jobs", 200, query_string=query)
        assert [job["jobId"] for job in answer.json] == sorted(ids)

    def _ask_for_none(self, instance):
        """Nothing is known of a job that was never there."""
        self.refused(instance, "get", "/jobs/never", 404, "not-found")
        self.refused(instance, "get", "/jobs/never/explain", 404, "not-found")
        self.refused(instance, "post", "/jobs/never/cancel", 404, "not-found")
        self.refused(instance, "post", "/jobs/never/retry", 404, "not-found")
        self.refused(instance, "put", "/jobs/never", 404, "not-found", json={"status": "initiated"})
        self.refused(instance, "patch", "/claims/claim-of-none/jobs/never", 404, "not-found", json={})
        self.refused(instance, "delete", "/claims/claim-of-none/jobs/never", 404, "not-found")

    # What always holds

    @invariant()
    def what_is_shown_is_what_the_model_has(self):
        """Of single jobs and of lists by state a third now, the others after the next two steps."""
        third = self.seen["steps"] % 3
        jobs = sorted(self.model.jobs.values(), key=lambda job: job.id, reverse=True)
        shown = self.ask(0, "get", "/jobs?kind=all", 200).json
        assert [told_of(job) for job in shown] == [view_of(job) for job in jobs]
        for job in jobs[third::3]:
            assert told_of(self.ask(1, "get", f"/jobs/{job.id}", 200).json) == view_of(job)
        for state in STATES[third::3]:
            listed = self.ask(1, "get", f"/jobs?kind=all&state={state}", 200).json
            assert [job["jobId"] for job in listed] == [job.id for job in jobs if job.state == state]
        if third == 0:
            self._look_at_tree()

    def _look_at_tree(self):
        counts = Counter((word_of(job), job.type) for job in self.model.jobs.values() if job.kind == "conversion")
        tree = self.ask(0, "get", "/job", 200).json
        assert {(branch, source): n for branch in tree for source, n in tree[branch].items() if n} == counts

    @invariant()
    def the_arrows_told_of_are_those_that_were_taken(self):
        assert Counter(self.world.arrows()) == Counter(self.model.arrows)
        self.seen["steps"] += 1
        self.seen.update((verb, source, target) for verb, _, source, target in self.model.arrows)
        self.model.arrows.clear()

    def teardown(self):
        self._ask_for_none(0)


def _words_of(job):
    """Give what a list may be narrowed by."""
    return {"status": word_of(job), "operation": job.type, "target": job.name}


def _as_sent(words):
    """Give the body of a report."""
    named = {name: value for name, value in words.items() if value is not None and name != "retry"}
    return named | ({"retry": words["retry"]} if words["status"] == "failed" else {})


def _as_asked(job_id, claim_id, words):
    end = words["status"] if words["status"] in ENDS else None
    return Asked(
        job_id,
        claim_id,
        end=end,
        retry=words["retry"],
        lease_seconds=words["leaseSeconds"],
        progress=words["progress"],
        step=None if end else words["status"],
        message=words["log"],
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_api_agrees_with_the_model(database, settings):
    seen: Counter = Counter()

    class Here(Machine):
        def __init__(self):
            super().__init__(database, settings, seen)

    run_state_machine_as_test(Here, settings=bounded(18, 35))
    logging.getLogger(__name__).info("%s", dict(seen))
    assert len(TAKEN - set(seen)) <= 2, "too many arrows were not taken: the machine has become tame"
