"""The workers' routes of the work queue: elements are claimed in batches, and reported on under their token."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from job_service.lifecycle.client import Client
from job_service.lifecycle.errors import Forbidden, Invalid, NotFound
from job_service.lifecycle.ids import new_claim_id
from job_service.lifecycle.job import ENDED, Job, State
from job_service.lifecycle.kind import Narrowing
from job_service.lifecycle.reports import Accepted, Answer, Refused, Release, Report
from job_service.mongo.store import Store
from job_service.mongo.verbs.claimed import ClaimAsked
from job_service.transfers.adapter import Transfers
from job_service.transfers.credentials import Vault
from job_service.transfers.document import KIND, at_target, credentials_for
from job_service.transfers.expansion import Expansion
from job_service.transfers.logs_store import AttemptLogs
from job_service.transfers.monitoring import figures_of
from job_service.transfers.settling import Settling
from job_service.transfers.showing import work_group, work_item
from job_service.transfers.wire import MOST_BYTES, MOST_ELEMENTS, Fetch, Monitoring, Outcome
from job_service.transfers.words import JobStatus, JobType
from job_service.web.tokens import ElementToken

#: The lease of a batch in seconds, beside the time for its bytes, for workers that send no figures meanwhile.
_BASE_SECONDS = 3_600
_BYTES_A_SECOND = 1_000_000
#: The longest life of an element's token in seconds, beyond any lease; it ends earlier with its attempt.
_TOKEN_SECONDS = 7 * 24 * 3_600
_MOST_BY_SIZE = 200
_REASON_CHARACTERS = 1_000
#: Makes the token for an attempt at an element, of (job, element, attempt, seconds of validity).
SignElement = Callable[[int, int, int, int], str]


class Work:
    """Claims elements for workers."""

    def __init__(self, store: Store, transfers: Transfers, vault: Vault, sign: SignElement, longest_lease: int) -> None:
        self._store = store
        self._transfers = transfers
        self._vault = vault
        self._sign = sign
        self._longest_lease = longest_lease

    def fetch(self, asked: Fetch, worker: Client) -> tuple[list[dict[str, Any]], bool]:
        """Claim elements; return them grouped by job, and whether starts are paused."""
        narrowing = Narrowing(KIND, tuple(sorted({job_type.name for job_type in asked.types})))
        self._store.workers.seen(worker.name, narrowing)
        ahead = self._store.reading.ahead(narrowing, self._store.context.clock.now(), _most(asked))
        limit = _fitting(ahead, asked)
        seconds = _BASE_SECONDS + sum(map(_size, ahead[:limit])) // _BYTES_A_SECOND
        claim = ClaimAsked(
            claim_id=new_claim_id(),
            worker=worker.name,
            limit=limit,
            lease_seconds=min(seconds, self._longest_lease),
            request_id=worker.request_id,
            unnamed=None if worker.named else "handed",
        )
        claimed = self._store.claiming.claim_many(narrowing, [claim])[0]
        kept = _fitting(claimed.jobs, asked)
        surplus = [Release(job["_id"], claim.claim_id) for job in claimed.jobs[kept:]]
        if surplus:
            self._store.reporting.release(surplus)
        return self._grouped(claimed.jobs[:kept]), claimed.pause is not None

    def for_worker(self, element: Job) -> dict[str, Any]:
        """Return the fields that only the worker holding an element may see: its token and credentials."""
        credentials = credentials_for(element, self._vault.of(element))
        return {"token": self._token(element), **({"credentials": credentials} if credentials else {})}

    def _grouped(self, held: Sequence[Job]) -> list[dict[str, Any]]:
        """Group elements by job; those that make a folder at a copy's target are separate groups, for another site."""
        groups: dict[tuple[str, str], list[Job]] = {}
        for element in held:
            groups.setdefault((element["parentId"], element["parameters"].get("side", "src")), []).append(element)
        shown: list[dict[str, Any]] = []
        for (parent_id, _), elements in groups.items():
            if (parent := self._store.reading.get(parent_id)) is not None:
                credentials = credentials_for(elements[0], self._vault.of(elements[0]))
                items = [work_item(element, self._token(element)) for element in elements]
                shown.append(work_group(_as_asked_of(elements[0], parent), items, credentials))
        return shown

    def _token(self, element: Job) -> str:
        parameters = element["parameters"]
        return self._sign(parameters["job"], parameters["element"], element["claims"], _TOKEN_SECONDS)


class Reports:
    """Takes workers' reports on the elements that they hold."""

    def __init__(
        self, store: Store, transfers: Transfers, logs: AttemptLogs, expansion: Expansion, settling: Settling
    ) -> None:
        self._store = store
        self._transfers = transfers
        self._logs = logs
        self._expansion = expansion
        self._settling = settling

    def end(self, token: ElementToken, read: Callable[[], Outcome], request_id: str | None) -> None:
        """Record an attempt. Raises Forbidden when it is over, Invalid when all attempts are used up.

        A listing that is malformed, or cannot be stored, raises Invalid and fails the attempt: its worker has no other
        one. Any other fault of a report, which `read` raises, changes nothing.
        """
        parent, element = self._held(token)
        try:
            outcome = read()
        except Invalid as fault:
            if _is_in_listing(fault):
                self._refused(element, token, str(fault), request_id)
            raise
        listing = _listing_of(parent, element, outcome)
        self._logs.append(element["_id"], token.attempt, 0, outcome.log.encode(errors="replace"))
        end = _end_of(element, token, _failure_of(outcome), request_id)
        if listing is None:
            answer = self._store.reporting.report([end])[0]
        else:
            answer = self._expanded(parent, element, token, listing, end)
        _require_accepted(answer)
        self._settling.after_end(element)

    def _expanded(self, parent: Job, element: Job, token: ElementToken, listing: dict[str, Any], end: Report) -> Answer:
        try:
            return self._expansion.finish(parent, element, listing, end)
        except Invalid as fault:
            self._refused(element, token, str(fault), end.request_id)
            raise

    def _refused(self, element: Job, token: ElementToken, reason: str, request_id: str | None) -> None:
        """End an attempt whose report is refused; the reason is its log if it has none."""
        if self._logs.read(element["_id"], token.attempt) is None:
            self._logs.append(element["_id"], token.attempt, 0, reason.encode(errors="replace"))
        self._store.reporting.report([_end_of(element, token, reason, request_id)])
        self._settling.after_end(element)

    def monitor(self, token: ElementToken, told: Monitoring, request_id: str | None) -> str:
        """Store an attempt's figures and renew its lease; return whether to `continue` or to `cancel`."""
        _, element = self._held(token)
        if told.log is not None:
            self._logs.append(element["_id"], token.attempt, told.offset, told.log.encode(errors="replace"))
        answer = self._store.reporting.report(
            [
                Report(
                    job_id=element["_id"],
                    claim_id=element["lease"]["claimId"],
                    step=JobStatus.RUNNING.name,
                    result=figures_of(told, _size(element)),
                    request_id=request_id,
                )
            ]
        )[0]
        return _require_accepted(answer).action

    def _held(self, token: ElementToken) -> tuple[Job, Job]:
        """Return the job and the element of a token. Raises Forbidden unless its attempt is the present one."""
        try:
            parent = self._transfers.find(token.job, None)
            element = self._transfers.find_element(parent, token.element)
        except NotFound:
            raise Forbidden("The token is for an element that is there no more") from None
        if element["state"] == State.FAILED and element["attempts"] >= element["maxAttempts"]:
            raise Invalid(f"The tries of this element are used up: {element['maxAttempts']}")
        if element["state"] in ENDED or "lease" not in element or element["claims"] != token.attempt:
            raise Forbidden("The token is for an attempt that is over")
        return parent, element


def _is_in_listing(fault: Invalid) -> bool:
    """Say whether a fault is inside of a listing, rather than its absence or type."""
    return any(each["loc"][:1] == ["listing"] and len(each["loc"]) > 1 for each in fault.faults)


def _failure_of(outcome: Outcome) -> str | None:
    if outcome.returncode == 0:
        return None
    return outcome.log.strip().rpartition("\n")[2] or f"It ended with {outcome.returncode}"


def _end_of(element: Job, token: ElementToken, failure: str | None, request_id: str | None) -> Report:
    """Return the report that ends an attempt, without a failure as completed."""
    return Report(
        job_id=element["_id"],
        claim_id=element["lease"]["claimId"],
        end="completed" if failure is None else "failed",
        retry=failure is not None,
        amend=((f"reported.{element['attempts'] + 1}", token.attempt),),
        error=failure and failure[:_REASON_CHARACTERS],
        request_id=request_id,
    )


def _as_asked_of(element: Job, parent: Job) -> Job:
    """Return a job as its worker has to see it for such an element."""
    if element["parameters"].get("side") != "dst":
        return parent
    asked = parent["parameters"]
    there = {**at_target(asked), "src_filepath": asked["dst_filepath"]}
    return {**parent, "type": element["type"], "parameters": there}


def _listing_of(parent: Job, element: Job, outcome: Outcome) -> dict[str, Any] | None:
    """Return the valid listing: that of a successful LIST, or an incomplete one of a LIST job."""
    if element["type"] != JobType.LIST.name:
        return None
    if outcome.returncode:
        return outcome.listing if parent["type"] == JobType.LIST.name else None
    if outcome.listing is None:
        raise Invalid("listing: Field required", [{"loc": ["listing"], "msg": "Field required"}])
    return outcome.listing


def _require_accepted(answer: Answer) -> Accepted:
    if isinstance(answer, Refused):
        raise Forbidden("The token is for an attempt that is over")
    return answer


def _most(asked: Fetch) -> int:
    return _MOST_BY_SIZE if asked.algorithm == "BY_SIZE" else min(asked.limits.limit, MOST_ELEMENTS)


def _fitting(elements: Sequence[Job], asked: Fetch) -> int:
    """Return how many of the elements are claimed: by size at least one, otherwise all up to the limit."""
    if asked.algorithm == "BY_NUMBER":
        return _most(asked)
    most = min(asked.limits.size, MOST_BYTES)
    return max(sum(size <= most for size in accumulate(map(_size, elements))), 1)


def _size(element: Job) -> int:
    return int(element["parameters"]["size"])
