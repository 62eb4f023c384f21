"""The handler of transfers' elements, which reports to the work queue.

The kit renews the lease, learns of cancels and releases jobs that cannot end in time. Reports that only the work queue
has (an attempt's figures, its log, a LIST's listing) are sent under the element's token.
"""

import json
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from job_service.client import (
    ONCE,
    Forbidden,
    Invalid,
    JobServiceClient,
    JobServiceError,
    Refused,
    RetryPolicy,
    TooLarge,
)
from job_service.worker.errors import GiveUp, LeaseLost, TryAgain
from job_service.worker.job import Job
from job_service.worker.refusals import meaning_of
from job_service.worker.transfers.element import Done, Element, Mover
from job_service.worker.transfers.errors import TransferCancelled, TransferError
from job_service.worker.transfers.watch import Progress, Watch
from job_service.worker.worker import Worker

log = logging.getLogger("job_service.worker")

KIND = "transfer"
#: Seconds between reports of an attempt's figures; shorter attempts only report their end.
TOLD_EVERY_SECONDS = 2.0
#: The HTTP status during a change of credentials, which is no refusal of the report itself.
UNAUTHORIZED = 401
PATIENT = RetryPolicy(longest_seconds=15.0)


@dataclass(frozen=True)
class Attempt:
    """One attempt at an element of the work queue: its numbers, and the token that authorizes reports."""

    job: Job
    client: JobServiceClient

    def report_progress(self, progress: Progress) -> None:
        """Report the attempt's figures, if it has run for a while; a failed report is dropped."""
        if progress.elapsed < TOLD_EVERY_SECONDS:
            return
        figures = {name: getattr(progress, name) for name in ("transferred", "elapsed", "instant", "average")}
        try:
            self.client.transfer_work.monitor(*self._place, figures)
        except JobServiceError as error:
            log.warning("Job %s: cannot say how it goes: %s", self.job.id, error)

    def report(self, returncode: int, done: Done) -> None:
        """Report the end of the attempt, retrying until the service has accepted it.

        Raises LeaseLost when the attempt is over, GiveUp when the service, or a proxy before it, will never accept the
        report, TryAgain when the report is refused in another way, and JobCancelled.
        """
        outcome: dict[str, Any] = {"returncode": returncode, "host": socket.gethostname(), "log": "\n".join(done.lines)}
        outcome["timestamp"] = datetime.now(UTC).isoformat()  # noqa: TID251  only shown to people, decides nothing
        if done.listing is not None:
            outcome["listing"] = done.listing
        failures = 0
        while True:
            try:
                self.client.transfer_work.report(*self._place, outcome)
            except JobServiceError as error:
                _require_passing(error, outcome)
                failures += 1
                log.warning("Job %s: cannot report, trying again: %s", self.job.id, error)
                if self.job.cancelled.wait(PATIENT.pause(failures)):
                    self.job.checkpoint()
            else:
                return

    @property
    def _place(self) -> tuple[int, int, str]:
        parameters = self.job.parameters
        return parameters["job"], parameters["element"], _given(self.job, "token")


def _require_passing(error: JobServiceError, outcome: Mapping[str, Any]) -> None:
    """Raise the exception that ends the attempt, where a repeated report would be refused again."""
    if not isinstance(error, Refused) or error.status == UNAUTHORIZED or meaning_of(error) == "passing":
        return
    if isinstance(error, Forbidden) and error.code is not None:
        raise LeaseLost(f"{error}") from error
    size = len(json.dumps(outcome, ensure_ascii=False).encode())
    refused = (
        f"The report ({size:,} bytes) is refused by the service, or by a proxy before it, with {error.status}: {error}"
    )
    if isinstance(error, TooLarge | Invalid):
        raise GiveUp(refused) from error
    raise TryAgain(refused) from error


def moves(worker: Worker, client: JobServiceClient, mover: Mover) -> None:
    """Register the handler of transfers' elements with a worker."""
    worker.handles(KIND)(handler(client, mover))


def handler(client: JobServiceClient, mover: Mover) -> Callable[[Job], None]:
    """Give the handler of an element."""
    asking = client.with_retry(ONCE)

    def work(job: Job) -> None:
        attempt = Attempt(job, asking)
        watch = Watch(on_progress=attempt.report_progress, cancelled=job.cancelled.is_set, interval=TOLD_EVERY_SECONDS)
        try:
            done = mover.do(_element(job), watch)
        except TransferCancelled:
            job.checkpoint()
            raise
        except TransferError as error:
            attempt.report(1, Done([str(error)]))
            raise TryAgain(str(error)) from error
        attempt.report(0 if done.well else 1, done)
        if not done.well:
            raise TryAgain(done.lines[-1])

    return work


def _element(job: Job) -> Element:
    credentials = _given(job, "credentials", {})
    return Element(job.id, job.attempt, job.data.type or "", job.parameters, credentials)


def _given(job: Job, name: str, default: Any = None) -> Any:
    """Return a field of the claimed job that only elements have."""
    return (job.data.model_extra or {}).get(name, default)
