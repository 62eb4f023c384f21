"""Runs one job, in a thread of its own, until its end is reported."""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from job_service import tracing
from job_service.client import JobServiceClient, JobServiceError, Refused, request_id
from job_service.worker.claimer import Subscription
from job_service.worker.ending import Drop, Ending, Finish, GiveBack, conclude
from job_service.worker.errors import JobCancelled, LeaseLost
from job_service.worker.job import Job
from job_service.worker.outbox import Change
from job_service.worker.reporter import Reporter

log = logging.getLogger("job_service.worker")


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs handlers. `client` retries only a few times, since a release at the worker's end cannot wait longer."""

    client: JobServiceClient
    reporter: Reporter

    def run(self, job: Job, subscription: Subscription) -> None:
        """Call the handler and report the job's end; never raises, whatever the handler does."""
        with request_id(job.data.request_id or job.id):
            log.info("Job %s: begins (%s, attempt %d)", job.id, job.data.kind or "job", job.attempt)
            match ending := traced_work(job, subscription):
                case Finish():
                    log.info("Job %s: %s%s", job.id, ending.status, f", {ending.log}" if ending.log else "")
                    self.reporter.send_last(job, last_word(ending))
                case GiveBack():
                    self.reporter.send_last(job, Change(log=ending.log, last=True))
                    self.reporter.forget(job)
                    self.release(job, ending.delay)
                case Drop():
                    log.warning("Job %s: dropped, its lease is lost", job.id)

    def release(self, job: Job, delay: int | None = None) -> None:
        """Release a job; if the request fails, the job becomes claimable when its lease runs out."""
        try:
            self.client.claims.release(job.claim_id, job.id, delay=delay)
            log.info("Job %s: given back", job.id)
        except Refused as error:
            log.info("Job %s: not given back, %s", job.id, error)
        except JobServiceError as error:
            log.warning("Job %s: not given back, %s; it will be free when its lease ends", job.id, error)


def traced_work(job: Job, subscription: Subscription) -> Ending:
    """Call the handler in a span: of the submitter's trace at the first attempt, later of a new trace linked to it."""

    def work() -> Any:
        try:
            return subscription.handler(job)
        except (JobCancelled, LeaseLost):
            raise
        except BaseException as error:
            tracing.failed(error)
            raise

    with _span(job):
        ending = conclude(work, give_up_on=subscription.give_up_on, cancelled=job.cancelled.is_set)
        tracing.note({"job_service.outcome": _outcome(ending)})
    return ending


def _span(job: Job) -> AbstractContextManager[object]:
    kind, submitter = job.data.kind or "job", job.data.traceparent
    attributes: tracing.Attributes = {
        "job_service.job.id": job.id,
        "job_service.job.kind": kind,
        "job_service.job.attempt": job.attempt,
    }
    place = "parent" if job.attempt == 1 else "link"
    return tracing.span(f"run {kind}", "consumer", attributes, **{place: submitter})


def _outcome(ending: Ending) -> str:
    match ending:
        case Finish(status=status):
            return status
        case GiveBack():
            return "given back"
    return "lease lost"


def last_word(ending: Finish) -> Change:
    """Return the last change for the end of a job."""
    code = ending.error_code
    return Change(
        status=ending.status, result=ending.result, log=ending.log, error_code=code, retry=ending.retry, last=True
    )
