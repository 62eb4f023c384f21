"""What workers say of the jobs they hold, many at once. Every write here has the claim's id in its filter."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import orjson
from pymongo import UpdateMany

from job_service.lifecycle.clock import at_once
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.reports import (
    Accepted,
    Answer,
    Change,
    Refused,
    Release,
    Report,
    decide,
    judge,
    refusal,
    requeueing,
)
from job_service.lifecycle.transitions import Transition
from job_service.mongo.changes import as_update
from job_service.mongo.client import Document
from job_service.mongo.collections import Collections
from job_service.mongo.ending import Ending
from job_service.mongo.terms import Terms
from job_service.tracing import traced

#: Refusals that only a worker meets that was too slow.
_STALE = frozenset({"lease-lost", "already-finished"})
#: What deciding needs; everything else stays in the database. Answers that need more read it again.
_BRIEF = {"log": 0, "parameters": 0, "result": 0}


class Reporting:
    """Renews, updates, finishes, fails and releases held jobs. `on_stale` is told what was refused for coming late."""

    def __init__(self, collections: Collections, terms: Terms, ending: Ending) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._families = terms.families
        self._policy = terms.policy
        self._clock = terms.clock
        self._observe = terms.observe
        self._ending = ending
        self.on_stale: list[Callable[[str], None]] = []

    @traced("report on jobs")
    def report(self, reports: Sequence[Report]) -> list[Answer]:
        """Apply reports in a fixed number of round trips; return an answer each, in order.

        Reports about the same job are applied one after another.
        """
        answers: dict[int, Answer] = {}
        pending = list(enumerate(reports))
        while pending:
            batch = {report.job_id: place for place, report in reversed(pending)}
            places = sorted(batch.values())
            answers.update(zip(places, self._apply([reports[place] for place in places]), strict=True))
            pending = [(place, report) for place, report in pending if place not in answers]
        ordered = [answers[place] for place in range(len(reports))]
        self._tell_stale(("end" if report.end else "update" for report in reports), ordered)
        return ordered

    @traced("release jobs")
    def release(self, releases: Sequence[Release]) -> list[Answer]:
        """Give jobs back unharmed; it costs them no try."""
        now = self._clock.now()
        jobs = self._read([item.job_id for item in releases])
        answers: list[Answer] = []
        for item in releases:
            job = jobs.get(item.job_id)
            answers.append(self._release(item, job, now))
        self._tell_stale(("release" for _ in releases), answers)
        return answers

    def _tell_stale(self, verbs: Iterable[str], answers: Sequence[Answer]) -> None:
        for verb, answer in zip(verbs, answers, strict=True):
            if isinstance(answer, Refused) and answer.code in _STALE:
                for tell in self.on_stale:
                    tell(verb)

    def _apply(self, reports: list[Report]) -> list[Answer]:
        now = self._clock.now()
        jobs = self._read([report.job_id for report in reports])
        refused = {
            report.job_id: refusal(report, self._families[jobs[report.job_id]["kind"]])
            for report in reports
            if report.job_id in jobs
        }
        changes: list[Change | None] = [
            None if refused.get(report.job_id) else self._change(report, jobs.get(report.job_id), now)
            for report in reports
        ]
        planned = [(report, change) for report, change in zip(reports, changes, strict=True) if change]
        all_written = self._write(planned, now)
        if all_written:
            written = {report.job_id: _applied(jobs[report.job_id], change, now) for report, change in planned}
        else:
            written = self._read([report.job_id for report, _ in planned])
        after = {**jobs, **written}
        self._tell(planned, jobs, after, now)
        return [
            refused.get(report.job_id) or _answer(report, change, after.get(report.job_id), certain=all_written)
            for report, change in zip(reports, changes, strict=True)
        ]

    def _change(self, report: Report, job: Job | None, now: datetime) -> Change | None:
        if job is None or job["state"] in ENDED or job.get("lease", {}).get("claimId") != report.claim_id:
            return None
        return decide(report, job, self._families[job["kind"]], self._policy, now, random.random())

    def _write(self, planned: list[tuple[Report, Change]], now: datetime) -> bool:
        """Write the changes, equal ones of a claim as one statement; say whether every fence held."""
        groups: dict[bytes, tuple[str, Document, list[str]]] = {}
        for report, change in planned:
            update = as_update(change, now)
            key = orjson.dumps([report.claim_id, update], option=orjson.OPT_NON_STR_KEYS)
            groups.setdefault(key, (report.claim_id, update, []))[2].append(report.job_id)
        statements = [
            UpdateMany({"_id": {"$in": ids}, "lease.claimId": claim_id, "state": State.RUNNING.value}, update)
            for claim_id, update, ids in groups.values()
        ]
        if not statements:
            return True
        return self._inprogress.bulk_write(statements, ordered=False).matched_count == len(planned)

    def _tell(
        self, planned: list[tuple[Report, Change]], before: dict[str, Job], after: dict[str, Job], now: datetime
    ) -> None:
        ended = [
            (before[report.job_id], change.state, report.request_id)
            for report, change in planned
            if change.state in ENDED and after.get(report.job_id, {}).get("state") == change.state
        ]
        if ended:
            jobs, states, request_ids = zip(*ended, strict=True)
            self._ending.marked(jobs, states, now, request_ids)
        requeued = [
            _requeued("fail", before[report.job_id], now, report.request_id)
            for report, change in planned
            if change.state is State.QUEUED and after.get(report.job_id, {}).get("failedBy") == report.claim_id
        ]
        if requeued:
            self._observe(requeued)

    def _release(self, item: Release, job: Job | None, now: datetime) -> Answer:
        asked = Report(job_id=item.job_id, claim_id=item.claim_id)
        judged = judge(asked, job)
        if isinstance(judged, Refused) or job is None or job["state"] in ENDED:
            return Refused("already-finished", "The job has ended") if isinstance(judged, Accepted) else judged
        if "cancelRequestedAt" in job and self._ending.cancel(
            job, now, "Cancelled; its worker gave it back", item.claim_id
        ):
            return Accepted(self._read([item.job_id])[item.job_id])
        ready_at = now + timedelta(seconds=item.delay) if item.delay else at_once(now)
        word = self._families[job["kind"]].words[State.QUEUED]
        change = requeueing(word, ready_at, "not-before" if item.delay else None, now)
        fence = {"_id": item.job_id, "lease.claimId": item.claim_id, "state": State.RUNNING.value}
        if not self._inprogress.update_one(fence, as_update(change, now)).matched_count:
            return judge(asked, self._read([item.job_id]).get(item.job_id))
        self._observe([_requeued("release", job, now, item.request_id)])
        return Accepted(_applied(job, change, now))

    def _read(self, job_ids: list[str]) -> dict[str, Job]:
        found = {job["_id"]: job for job in self._inprogress.find({"_id": {"$in": job_ids}}, _BRIEF)}
        missing = [job_id for job_id in job_ids if job_id not in found]
        if missing:
            found.update({job["_id"]: job for job in self._completed.find({"_id": {"$in": missing}}, _BRIEF)})
        return found


def _answer(report: Report, change: Change | None, job: Job | None, *, certain: bool) -> Answer:
    if change is None or not certain or job is None:
        return judge(report, job)
    lease = job.get("lease")
    cancel = "cancelRequestedAt" in job and change.state is State.RUNNING
    return Accepted(job, "cancel" if cancel else "continue", lease["until"] if lease else None)


def _applied(job: Job, change: Change, now: datetime) -> Job:
    """Return the document as the change has left it, without what was not read."""
    after: Document = {**job, **change.set}
    if "lease.until" in change.set:
        after["lease"] = {**job["lease"], "until": change.set["lease.until"]}
    for path in [name for name in change.set if "." in name]:
        del after[path]
    for old, new in change.rename:
        after[new] = after.pop(old)
    for name in change.unset:
        after.pop(name, None)
    for name, count in change.inc.items():
        after[name] = int(str(after.get(name, 0))) + count
    after["updatedAt"] = now
    return after  # type: ignore[return-value]  # the same fields


def _requeued(verb: str, job: Job, now: datetime, request_id: str | None) -> Transition:
    return Transition(
        verb=verb,
        job_id=job["_id"],
        kind=job["kind"],
        type=job.get("type"),
        source=State.RUNNING,
        target=State.QUEUED,
        at=now,
        worker=job["lease"]["worker"],
        request_id=request_id,
    )
