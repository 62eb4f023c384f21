"""What the pages are made from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from job_service.code_jobs.adapter import CodeJobs
from job_service.console.bulk_runner import BulkRunner
from job_service.conversions.adapter import Conversions
from job_service.datasets.adapter import Datasets
from job_service.datasets.reservations_store import Reservations
from job_service.datasets.targets_store import Targets
from job_service.jobs.adapter import Jobs
from job_service.mongo.keys.once import Once
from job_service.mongo.legacy import LegacyClients
from job_service.mongo.store import Store
from job_service.mongo.watching.browsing import Browsing
from job_service.mongo.watching.overseeing import Overseeing
from job_service.settings import Settings
from job_service.transcoding.options_store import EncoderOptions
from job_service.transcoding.profiles import ProfileBook
from job_service.transcoding.profiles_store import Profiles
from job_service.web.access import Caller
from job_service.web.request_ids import request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """The store and the verbs of the core, who may do what, and what the families lend."""

    store: Store
    jobs: Jobs
    browsing: Browsing
    overseeing: Overseeing
    runner: BulkRunner
    once: Once
    identify: Callable[[str], Caller | None]  #: who owns a token
    datasets: Datasets
    reservations: Reservations
    code_jobs: CodeJobs
    profiles: ProfileBook
    conversions: Conversions
    input_dir: Path | None

    @classmethod
    def of(
        cls,
        store: Store,
        jobs: Jobs,
        code_jobs: CodeJobs,
        identify: Callable[[str], Caller | None],
        settings: Settings,
    ) -> Self:
        """Put the parts together; touches no database."""
        browsing = Browsing(store.collections, store.context.kinds)
        overseeing = Overseeing(store.collections, store.context)
        options = EncoderOptions(store.collections, lambda count: store.submission.next_number("encoder-option", count))
        clients = LegacyClients(store, settings.legacy_lease_seconds, request_id)
        return cls(
            store=store,
            jobs=jobs,
            browsing=browsing,
            overseeing=overseeing,
            runner=BulkRunner(store, jobs, browsing, overseeing),
            once=Once(store.idempotency, store.context.clock),
            identify=identify,
            datasets=Datasets(store, Targets(store.collections)),
            reservations=Reservations(store.collections, store.context.clock),
            code_jobs=code_jobs,
            profiles=ProfileBook(store, Profiles(store.collections), options),
            conversions=Conversions(store, clients),
            input_dir=settings.input_dir,
        )
