"""Translates bodies of the claims API into the lifecycle's values, and back; for jobs of every kind."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from job_service.claims.desk import ClaimDesk, HungUp
from job_service.claims.wire import Claimed, ClaimRequest, HeldJob, NamedUpdate, Update
from job_service.kinds.dialect import ForWorker
from job_service.lifecycle.attempts import attempt_number
from job_service.lifecycle.errors import AlreadyFinished, Invalid, JobServiceError, LeaseLost, NotFound, RanTooLong
from job_service.lifecycle.faults import Fault, shortened
from job_service.lifecycle.ids import new_claim_id
from job_service.lifecycle.job import Job
from job_service.lifecycle.kind import Kind, Narrowing
from job_service.lifecycle.reports import Accepted, Answer, End, Refused, Release, Report, lease_seconds
from job_service.lifecycle.view import CoreJob, core_view
from job_service.mongo.store import Store
from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.web.bodies import validate
from job_service.web.combining import Combiner

_ENDS: dict[str, End] = {"completed": "completed", "failed": "failed", "cancelled": "cancelled"}
_MOST_VALUES = 1_000
_LONGEST_VALUE = 1_000
_PAUSE_RETRY = 5
_MOST_NAMED = 20
#: The shortest rest of an attempt that asks for heartbeats of its own, in seconds.
_SHORTEST_LEFT = 3.0
#: The length of a lease that neither the claim nor the kind sets.
LEASE_SECONDS = 60


class Claims:
    """Claims jobs and takes reports about them; `for_worker` has, by kind, what adds fields for the worker."""

    def __init__(self, store: Store, desk: ClaimDesk, for_worker: Mapping[str, ForWorker]) -> None:
        self._store = store
        self._desk = desk
        self._for_worker = for_worker
        self._reports: Combiner[Report, Answer] = Combiner(store.reporting.report)

    def claim(self, asked: ClaimRequest, request_id: str | None, hung_up: HungUp) -> tuple[Claimed, dict[str, str]]:
        """Claim jobs, for nobody where the client has `hung_up` meanwhile; return the answer and its headers.

        Raises Invalid, Limited.
        """
        narrowing = self._narrowing(asked)
        claim = ClaimAsked(
            claim_id=asked.claimId or new_claim_id(),
            worker=asked.worker,
            limit=asked.limit,
            lease_seconds=asked.leaseSeconds or self._lease_seconds(asked.kind),
            repeatable=asked.claimId is not None,
            request_id=request_id,
        )
        self._store.workers.seen(asked.worker, narrowing)
        claimed = self._desk.claim(narrowing, claim, asked.wait, hung_up)
        answer: Claimed = {
            "serverTime": self._store.context.clock.now(),
            "claims": [self._held(job) for job in claimed.jobs],
        }
        if self._is_drained(asked.worker):
            answer["drain"] = True
        if claimed.pause is None:
            return answer, {}
        return {**answer, "paused": True, "message": claimed.pause["msg"]}, {"Retry-After": str(_PAUSE_RETRY)}

    def update(self, claim_id: str, job_id: str, update: Update, request_id: str | None) -> dict[str, Any]:
        """Take one report. Raises LeaseLost, AlreadyFinished, NotFound, Invalid."""
        answer = self._reports.do([_report(claim_id, job_id, update, request_id)])[0]
        if isinstance(answer, Refused):
            raise _error(answer)
        return self._accepted(answer)

    def update_many(
        self, items: Sequence[Any], require_fit: Callable[[object], None], request_id: str | None
    ) -> list[dict[str, Any]]:
        """Take many reports; return a result each, in order. `require_fit` raises Invalid for a bad item."""
        results: list[dict[str, Any]] = [{} for _ in items]
        reports: dict[int, Report] = {}
        for place, item in enumerate(items):
            try:
                require_fit(item)
                update = validate(NamedUpdate, item)
                reports[place] = _report(update.claimId, update.jobId, update, request_id)
            except Invalid as error:
                results[place] = _named(item, ok=False, code=error.code, message=error.message, errors=error.faults)
        answers = self._reports.do(list(reports.values())) if reports else []
        for place, answer in zip(reports, answers, strict=True):
            results[place] = self._result(items[place], answer)
        return results

    def release(self, claim_id: str, job_id: str, delay: int, request_id: str | None) -> CoreJob:
        """Release a job. Raises LeaseLost, AlreadyFinished, NotFound."""
        answer = self._store.reporting.release([Release(job_id, claim_id, delay, request_id)])[0]
        if isinstance(answer, Refused):
            raise _error(answer)
        job = self._store.reading.get(job_id)
        return core_view(job or answer.job)

    def _held(self, job: Job) -> HeldJob:
        shown = core_view(job)
        if extra := self._for_worker.get(job["kind"]):
            shown = cast("CoreJob", {**shown, **extra(job)})
        held: HeldJob = {
            "claimId": job["lease"]["claimId"],
            "leaseExpiresAt": job["lease"]["until"],
            "attempt": attempt_number(job),
            "job": shown,
        }
        if "runUntil" in job:
            held["runUntil"] = job["runUntil"]
        return held

    def _is_drained(self, worker: str) -> bool:
        return worker in self._store.maintenance.permit().drained

    def _accepted(self, answer: Accepted) -> dict[str, Any]:
        body: dict[str, Any] = {"action": answer.action}
        if answer.lease_until is not None:
            body["leaseExpiresAt"] = answer.lease_until
            body["nextHeartbeatSeconds"] = round(_lease_length(answer.job, answer.lease_until) / 3, 1)
            if self._is_drained(answer.job["lease"]["worker"]):
                body["drain"] = True
        return body

    def _result(self, item: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
        if isinstance(answer, Refused):
            faults = {"errors": [_fault(answer)]} if answer.code == "invalid" else {}
            return _named(item, ok=False, code=answer.code, message=answer.message, **faults)
        return _named(item, ok=True, **self._accepted(answer))

    def _lease_seconds(self, kind: str) -> int:
        return self._store.context.kinds[kind].policy.lease_seconds or LEASE_SECONDS

    def _narrowing(self, asked: ClaimRequest) -> Narrowing:
        family = self._store.context.kinds.named(asked.kind)
        if family is None:
            known = ", ".join(sorted(self._store.context.kinds)[:_MOST_NAMED])
            raise Invalid.field("kind", f"unknown kind {shortened(asked.kind)!r}; there are {known}")
        by: dict[str, tuple[str, ...]] = {"type": (), "datasetName": (), "key": (), "label": ()}
        for name, value in asked.where.items():
            facet = family.facets.get(name)
            if facet is None:
                raise Invalid(f"Unknown field: {name}", [{"loc": ["where", name], "msg": f"Unknown field: {name}"}])
            by[facet] = _labels(value) if facet == "label" else _values(name, value, family)
        return Narrowing(family.name, by["type"], by["datasetName"], by["key"], by["label"])


def _report(claim_id: str, job_id: str, update: Update, request_id: str | None) -> Report:
    end = _ENDS.get(update.status or "")
    return Report(
        job_id=job_id,
        claim_id=claim_id,
        lease_seconds=update.leaseSeconds,
        progress=update.progress,
        step=update.status if end is None else None,
        end=end,
        retry=bool(update.retry),
        messages=_log_lines(update),
        result=update.result,
        error_code=update.errorCode,
        error=update.error or (update.log if end == "failed" else None),
        request_id=request_id,
    )


def _log_lines(update: Update) -> tuple[str, ...]:
    step = (f"Set status: {update.status}",) if update.status else ()
    return (*step, update.log) if update.log else step


def _labels(value: Any) -> tuple[str, ...]:
    """Return labels as they are stored. Raises Invalid."""
    if not isinstance(value, dict) or not value or not all(isinstance(word, str) for word in value.values()):
        raise Invalid.field("where.label", "must be an object: names of labels, and the text that each has to have")
    return tuple(f"{name}={word}" for name, word in sorted(value.items()))


def _values(name: str, value: Any, family: Kind) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not given or len(given) > _MOST_VALUES:
        raise Invalid.field(f"where.{name}", "must be a text or a list of texts")
    # The list of live workers shows these values.
    if not all(isinstance(item, str) and 0 < len(item) <= _LONGEST_VALUE for item in given):
        raise Invalid.field(f"where.{name}", f"must be texts of 1 to {_LONGEST_VALUE} characters")
    allowed = family.choices.get(name)
    for item in given:
        if allowed is not None and item not in allowed:
            raise Invalid.field(f"where.{name}", f"unknown value {item!r}; allowed are {', '.join(sorted(allowed))}")
    return tuple(sorted(set(given)))


def _lease_length(job: Job, until: datetime) -> float:
    """Return the seconds of a lease that has just been renewed, which the end of its attempt may have cut short."""
    asked = lease_seconds(job)
    left = (until - job["updatedAt"]).total_seconds() if "updatedAt" in job else asked
    return min(asked, max(left, _SHORTEST_LEFT))


def _named(item: Any, **fields: Any) -> dict[str, Any]:
    named = item if isinstance(item, dict) else {}
    return {"jobId": _echo(named.get("jobId")), "claimId": _echo(named.get("claimId")), **fields}


def _echo(given: object) -> str | None:
    return shortened(given) if isinstance(given, str) else None


def _error(answer: Refused) -> JobServiceError:
    known: dict[str, type[JobServiceError]] = {
        "lease-lost": LeaseLost,
        "ran-too-long": RanTooLong,
        "already-finished": AlreadyFinished,
        "not-found": NotFound,
    }
    error = known.get(answer.code)
    return error(answer.message) if error else Invalid(answer.message, [_fault(answer)])


def _fault(answer: Refused) -> Fault:
    """Name the faulty field: in a well-formed report only the step can be wrong, if the family does not know it."""
    return {"loc": ["status"], "msg": answer.message.removeprefix("status: ")}
