"""Checks that a worker, in any language, keeps the rules of the claims API.

The worker runs against a private service, through a proxy that records its requests. Its leases are short, and each job
takes it a while, so that its heartbeats can be seen.
"""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Protocol

from job_service.client import JobServiceClient
from job_service.worker.overheard import claimed_ids, is_claim, updates_of
from job_service.worker.recording_proxy import Exchange, RecordingProxy

LEASE_VARIABLE = "JOB_SERVICE_CHECK_LEASE_SECONDS"
WORK_VARIABLE = "JOB_SERVICE_CHECK_WORK_SECONDS"

#: Seconds for a worker's immediate actions: start a program, wake from a pause, react to a change.
SLACK_SECONDS = 5.0
#: Seconds for a worker to start, and to find a service again that was unavailable.
START_SECONDS = 30.0
#: Seconds for which the service is paused, and how many claims a worker may make in that time.
PAUSE_SECONDS = 4.0
CLAIMS_WHILE_PAUSED = 4
#: Seconds for a worker to stop.
STOP_SECONDS = 30.0

#: A placeholder in the parameters of the jobs of a check: each job gets another number in its place.
NUMBER = "{n}"

Verdict = Literal["kept", "broken", "undecided"]


class NotTaken(RuntimeError):
    """The service refuses the job of a check: its kind does not allow its parameters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one rule."""

    rule: str
    verdict: Verdict
    why: str


def finding(rule: str, kept: bool, why: str) -> Finding:  # noqa: FBT001 - the middle of a sentence
    """Return the result for a rule."""
    return Finding(rule, "kept" if kept else "broken", why)


class Ground(Protocol):
    """The environment of a check: the service, the recorded requests of the worker, and control of both processes."""

    client: JobServiceClient
    seen: RecordingProxy
    lease_seconds: int
    work_seconds: int

    def restart_service(self) -> None:
        """Stop the service and start it again with the same data and URL."""

    def signal_worker(self, number: int) -> None:
        """Send a signal to the worker and its child processes."""

    def stop_worker(self) -> None:
        """Send SIGTERM to the worker, and to no other process, as containers do."""

    def worker_exit(self, seconds: float) -> int | None:
        """Wait for the worker's end; return the exit status, None while it runs."""


@dataclass(slots=True)
class Check:
    """Checks all rules, in an order that takes as little time as possible."""

    ground: Ground
    kind: str  #: the kind of the jobs that the worker is given
    parameters: str  #: their parameters, in JSON, with NUMBER where each job is to have another
    count: int = field(default=0)

    def run(self) -> Iterator[Finding]:
        """Give a result for each rule; of a worker that claims no job only the first can be checked."""
        first = self.claims_and_finishes()
        yield first
        if first.verdict != "kept":
            return
        for rule in (
            self.heartbeats,
            self.honors_cancel,
            self.honors_paused,
            self.survives_a_lost_lease,
            self.survives_a_restart,
            self.stops_in_order,
        ):
            yield rule()

    def claims_and_finishes(self) -> Finding:
        """Check that a job is claimed, worked on and completed."""
        rule = "claims a job and completes it"
        job = self._submit()
        if not self._is_claimed(job, START_SECONDS):
            return self._unclaimed(rule)
        state = self._state_in_the_end(job)
        return finding(rule, state == "completed", f"Its first job ended as {state}.")

    def heartbeats(self) -> Finding:
        """Check that heartbeats come more often than the lease is long, for the job of the first rule."""
        rule = "heartbeats"
        claim = next(exchange for exchange in self.ground.seen.exchanges if claimed_ids(exchange))
        job = claimed_ids(claim)[0]
        # The service may have reported the end before the proxy had recorded the request.
        self.ground.seen.wait_for(lambda: self._said(job, "completed"), SLACK_SECONDS)
        heard = [claim.answered_at, *(exchange.asked_at for exchange in self._about(job))]
        gaps = [later - earlier for earlier, later in pairwise(heard)]
        took, longest = heard[-1] - heard[0], max(gaps, default=0.0)
        if took <= self.ground.lease_seconds:
            why = f"Its job took {took:.1f} s; it has to take longer than a lease ({self.ground.lease_seconds} s)."
            return Finding(rule, "undecided", why)
        why = f"It was silent for {longest:.1f} s at most, of a lease of {self.ground.lease_seconds} s."
        return finding(rule, longest < self.ground.lease_seconds, why)

    def honors_cancel(self) -> Finding:
        """Check that the worker ends a running job that is cancelled."""
        rule = "honors a cancelled job"
        job = self._submit()
        if not self._is_claimed(job):
            return self._unclaimed(rule)
        self.ground.client.jobs.cancel(job)
        ended = self.ground.seen.wait_for(lambda: self._said(job, "cancelled"), self.ground.work_seconds)
        state = self._state_in_the_end(job)
        why = f"The job ended as {state}" + ("." if ended else ", and not by the worker saying so.")
        return finding(rule, ended and state == "cancelled", why)

    def honors_paused(self) -> Finding:
        """Check that the worker does not claim again and again during maintenance, and goes on afterwards."""
        rule = "honors paused"
        self.ground.client.maintenance.pause("worker check")
        before = len(self._claims())
        job = self._submit()
        self.ground.seen.wait_for(lambda: len(self._claims()) > before + CLAIMS_WHILE_PAUSED, PAUSE_SECONDS)
        asked = len(self._claims()) - before
        self.ground.client.maintenance.resume("worker check")
        if asked > CLAIMS_WHILE_PAUSED:
            return Finding(rule, "broken", f"It asked {asked} times in {PAUSE_SECONDS:.0f} s and ignored Retry-After.")
        state = self._state_in_the_end(job) if self._is_claimed(job) else "never claimed"
        return finding(rule, state == "completed", f"It asked {asked} times; the job afterwards: {state}.")

    def survives_a_lost_lease(self) -> Finding:
        """Check that the worker claims the next job after another worker has done its last one, while it was asleep."""
        rule = "survives a lost lease"
        job = self._submit()
        if not self._is_claimed(job):
            return self._unclaimed(rule)
        self.ground.signal_worker(signal.SIGSTOP)
        try:
            taken = self._take_over(job)
        finally:
            self.ground.signal_worker(signal.SIGCONT)
        if not taken:
            return Finding(rule, "undecided", "The job of a sleeping worker could not be claimed by another.")
        following = self._submit()
        state = self._state_in_the_end(following) if self._is_claimed(following) else "never claimed"
        return finding(rule, state == "completed", f"The job after it: {state}.")

    def survives_a_restart(self) -> Finding:
        """Check that the worker goes on after a restart of the service."""
        rule = "survives a restart of the service"
        self.ground.restart_service()
        exit_status = self.ground.worker_exit(0.0)
        if exit_status is not None:
            return Finding(rule, "broken", f"It ended with status {exit_status}.")
        job = self._submit()
        state = self._state_in_the_end(job) if self._is_claimed(job, START_SECONDS) else "never claimed"
        return finding(rule, state == "completed", f"The job after it: {state}.")

    def stops_in_order(self) -> Finding:
        """Check that on SIGTERM the worker ends or releases its job, and then exits."""
        rule = "stops in order"
        job = self._submit()
        if not self._is_claimed(job):
            return self._unclaimed(rule)
        self.ground.stop_worker()
        exit_status = self.ground.worker_exit(STOP_SECONDS)
        if exit_status is None:
            return Finding(rule, "broken", f"It had not stopped {STOP_SECONDS:.0f} s after SIGTERM.")
        state = self.ground.client.jobs.explain(job).state
        why = f"It stopped with status {exit_status} and left its job {state}."
        return finding(rule, state in {"completed", "queued"}, why)

    def _submit(self) -> str:
        self.count += 1
        parameters = json.loads(self.parameters.replace(NUMBER, str(self.count)))
        [answer] = self.ground.client.kinds.submit(self.kind, [{"parameters": parameters}]).results
        if answer.job_id is None:
            raise NotTaken(f"The service does not take the job of a check: {answer.message}")
        return answer.job_id

    def _is_claimed(self, job: str, slack: float = SLACK_SECONDS) -> bool:
        """Wait until the worker has a job, or has exited."""
        for _ in range(int(slack + self.ground.work_seconds)):
            if self.ground.seen.wait_for(lambda: job in self._claimed_jobs(), 1.0):
                return True
            if self.ground.worker_exit(0.0) is not None:
                return False
        return False

    def _claimed_jobs(self) -> set[str]:
        return {job for exchange in self.ground.seen.exchanges for job in claimed_ids(exchange)}

    def _unclaimed(self, rule: str) -> Finding:
        status = self.ground.worker_exit(0.0)
        ended = "" if status is None else f" It ended with status {status}."
        return Finding(rule, "broken", f"It did not claim a job of the kind {self.kind}.{ended}")

    def _state_in_the_end(self, job: str) -> str:
        patience = self.ground.work_seconds + self.ground.lease_seconds + SLACK_SECONDS
        return self.ground.client.jobs.get(job, wait=min(patience, 30)).state or "unknown"

    def _take_over(self, job: str) -> bool:
        """Claim and end the job of a sleeping worker, as soon as its lease has run out."""
        patience = min(self.ground.lease_seconds + SLACK_SECONDS, 30)
        claimed = self.ground.client.claims.claim(self.kind, "worker-check", wait=patience).claims
        for claim in claimed:
            self.ground.client.claims.update(claim.claim_id, claim.job.job_id, status="failed", error="taken over")
        return job in {claim.job.job_id for claim in claimed}

    def _about(self, job: str) -> list[Exchange]:
        return [exchange for exchange in self.ground.seen.exchanges if updates_of(exchange, job)]

    def _said(self, job: str, status: str) -> bool:
        return any(
            update.get("status") == status for exchange in self._about(job) for update in updates_of(exchange, job)
        )

    def _claims(self) -> list[Exchange]:
        return [exchange for exchange in self.ground.seen.exchanges if is_claim(exchange)]
