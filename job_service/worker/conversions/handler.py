"""The handler of conversion jobs."""

from collections.abc import Callable
from dataclasses import dataclass

from job_service.client import ONCE, JobServiceClient
from job_service.worker import GiveUp, Job, LeaseLost, TryAgain, Worker
from job_service.worker.conversions.active_check import ActiveCheck
from job_service.worker.conversions.converter import (
    Conversion,
    ConversionFailed,
    ConversionStopped,
    Converter,
    convert,
)

KIND = "conversion"


@dataclass(frozen=True)
class ConverterTerms:
    """A converter's settings: the program, how often to check the job, and whether a failed job is retried."""

    converter: Converter
    check_seconds: float = 10.0
    retry: bool = True


def converts(worker: Worker, client: JobServiceClient, terms: ConverterTerms, source: str | None = None) -> None:
    """Make a worker do the conversion jobs of one source, or of any."""
    worker.handles(KIND, source=source)(handler(client, terms))


def handler(client: JobServiceClient, terms: ConverterTerms) -> Callable[[Job], None]:
    """Give the handler of a job whose parameters are `{source, document}`.

    Beside the kit's heartbeats the handler asks, as converters do, whether the job is still active: an operator who
    ends the job ends its program as well.
    """
    # No retries: the next check comes soon enough, and the job's end must not wait for this one.
    asking = client.with_retry(ONCE)

    def work(job: Job) -> None:
        conversion = Conversion(job.id, job.parameters["source"], job.parameters["document"], job.attempt)

        def is_active() -> bool:
            return asking.conversions.is_active(conversion.source, conversion.job_id)

        with ActiveCheck(is_active, terms.check_seconds) as check:
            _convert(job, conversion, terms, lambda: job.cancelled.is_set() or check.has_ended())

    return work


def _convert(job: Job, conversion: Conversion, terms: ConverterTerms, should_stop: Callable[[], bool]) -> None:
    try:
        log = convert(conversion, terms.converter, should_stop)
    except ConversionStopped:
        job.checkpoint()
        raise LeaseLost(f"{job.id} is not active any more") from None
    except ConversionFailed as failure:
        if failure.log:
            job.log("\n".join(failure.log))
        raise (TryAgain if terms.retry else GiveUp)(str(failure)) from failure
    if log:
        job.log("\n".join(log))
