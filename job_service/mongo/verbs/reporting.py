"""Workers' reports, in batches. Every write here has the claim's id, the fencing token, in its filter."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from random import SystemRandom

from pymongo import UpdateMany
from pymongo.collection import Collection

from job_service.lifecycle.changes import Change
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.reports import (
    Accepted,
    Answer,
    Refused,
    Release,
    Report,
    decide,
    judge,
    likeness,
    refusal,
    releasing,
    too_late,
)
from job_service.lifecycle.transitions import requeued
from job_service.mongo.database.changes import as_update
from job_service.mongo.database.client import Document, fetch
from job_service.mongo.database.collections import Collections
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.ending import Ending
from job_service.tracing import traced

#: Refusals of reports that came too late.
_STALE = frozenset({"lease-lost", "ran-too-long", "already-finished"})
#: The fields that decisions and transitions need; no others are read. Answers that need more read the job again.
_NEEDED = dict.fromkeys(
    (
        *("kind", "type", "state", "status", "lease", "leaseSeconds", "readyAt", "startedAt", "datasetName"),
        *("claims", "attempts", "leasesLost", "maxAttempts", "endSeq", "cancelRequestedAt", "endedBy", "failedBy"),
        *("fenced", "runUntil", "overrunAt", "errorCode", "startBefore"),
    ),
    1,
)


class Reporting:
    """Renews, updates, ends and releases held jobs. `on_stale` gets the verb of each late report."""

    def __init__(
        self,
        collections: Collections,
        context: StoreContext,
        ending: Ending,
        on_stale: Callable[[str], None] = lambda _verb: None,
    ) -> None:
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._kinds = context.kinds
        self._policy = context.policy
        self._clock = context.clock
        self._observe = context.observe
        self._ending = ending
        self._on_stale = on_stale

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
        """Release jobs, which uses up no attempts."""
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
                self._on_stale(verb)

    def _apply(self, reports: list[Report]) -> list[Answer]:
        now = self._clock.now()
        jobs = self._read([report.job_id for report in reports])
        plans = self._plans(reports, jobs, now)
        planned = [(report, plan) for report, plan in zip(reports, plans, strict=True) if isinstance(plan, Change)]
        all_written = self._write(planned, now)
        if all_written:
            written = {report.job_id: _applied(jobs[report.job_id], change, now) for report, change in planned}
        else:
            written = self._read([report.job_id for report, _ in planned])
        after = {**jobs, **written}
        self._tell(planned, jobs, after, now)
        return [
            plan if isinstance(plan, Refused) else _answer(report, plan, after.get(report.job_id), certain=all_written)
            for report, plan in zip(reports, plans, strict=True)
        ]

    def _plans(self, reports: list[Report], jobs: dict[str, Job], now: datetime) -> list[Change | Refused | None]:
        """Return the change of each report, equal ones as one shared object; None for a report that comes too late."""
        known: dict[Hashable, Change | Refused | None] = {}
        plans: list[Change | Refused | None] = []
        for report in reports:
            job = jobs.get(report.job_id)
            alike = likeness(report, job) if job and _holds(report, job) else None
            if alike is None:
                plans.append(self._plan(report, job, now))
                continue
            if alike not in known:
                known[alike] = self._plan(report, job, now)
            plans.append(known[alike])
        return plans

    def _plan(self, report: Report, job: Job | None, now: datetime) -> Change | Refused | None:
        if job is None:
            return None
        family = self._kinds[job["kind"]]
        refused = refusal(report, family)
        if refused or not _holds(report, job):
            return refused
        if late := too_late(report, job, now):
            return late
        return decide(report, job, family, self._policy.of(family), now, SystemRandom().random())

    def _write(self, planned: list[tuple[Report, Change]], now: datetime) -> bool:
        """Write the changes, one statement for each shared one; return whether every filter matched."""
        if not planned:
            return True
        groups: dict[int, tuple[str, Change, list[str]]] = {}
        for report, change in planned:
            groups.setdefault(id(change), (report.claim_id, change, []))[2].append(report.job_id)
        statements = [
            UpdateMany(
                {"_id": {"$in": ids}, "lease.claimId": claim_id, "state": State.RUNNING.value}, as_update(change, now)
            )
            for claim_id, change, ids in groups.values()
        ]
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
        waiting = [
            requeued("fail", before[report.job_id], now, report.request_id)
            for report, change in planned
            if change.state is State.QUEUED and after.get(report.job_id, {}).get("failedBy") == report.claim_id
        ]
        if waiting:
            self._observe(waiting)

    def _release(self, item: Release, job: Job | None, now: datetime) -> Answer:
        asked = Report(job_id=item.job_id, claim_id=item.claim_id)
        judged = judge(asked, job)
        if isinstance(judged, Refused) or job is None or job["state"] in ENDED:
            return Refused("already-finished", "The job has ended") if isinstance(judged, Accepted) else judged
        reason = f"Cancelled; {'it was taken from its worker' if item.taken else 'its worker gave it back'}"
        if "cancelRequestedAt" in job and self._ending.cancel(job, now, reason, item.claim_id):
            return Accepted(self._read([item.job_id])[item.job_id])
        change = releasing(item, job, self._kinds[job["kind"]].words[State.QUEUED], now)
        fence = {"_id": item.job_id, "lease.claimId": item.claim_id, "state": State.RUNNING.value}
        if not self._inprogress.update_one(fence, as_update(change, now)).matched_count:
            return judge(asked, self._read([item.job_id]).get(item.job_id))
        self._observe([requeued("release", job, now, item.request_id)])
        return Accepted(_applied(job, change, now))

    def _read(self, job_ids: list[str]) -> dict[str, Job]:
        found = self._find(self._inprogress, job_ids)
        missing = [job_id for job_id in job_ids if job_id not in found]
        return found | self._find(self._completed, missing) if missing else found

    def _find(self, jobs: Collection[Job], job_ids: list[str]) -> dict[str, Job]:
        return {job["_id"]: job for job in fetch(jobs.find({"_id": {"$in": job_ids}}, _NEEDED), len(job_ids))}


def _holds(report: Report, job: Job) -> bool:
    """Say whether the report's claim holds the job; an ended one has no lease."""
    return "lease" in job and job["lease"]["claimId"] == report.claim_id


def _answer(report: Report, change: Change | None, job: Job | None, *, certain: bool) -> Answer:
    if change is None or not certain or job is None:
        return judge(report, job)
    lease = job.get("lease")
    cancel = "cancelRequestedAt" in job and change.state is State.RUNNING
    return Accepted(job, "cancel" if cancel else "continue", lease["until"] if lease else None)


def _applied(job: Job, change: Change, now: datetime) -> Job:
    """Return the document after a change, without the fields that were not read."""
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
