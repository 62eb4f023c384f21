"""The parts that the pages are made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from job_service.console.bulk_runner import BulkRunner
from job_service.jobs.adapter import Jobs
from job_service.kinds.family import Foundation, OpenFamily
from job_service.kinds.submitting import Submitting
from job_service.mongo.keys.once import Once
from job_service.mongo.store import Store
from job_service.mongo.watching.browsing import Browsing
from job_service.mongo.watching.overseeing import Overseeing
from job_service.web.access import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """The store, the core's verbs, authentication, and the families with their own pages."""

    store: Store
    jobs: Jobs
    submitting: Submitting
    browsing: Browsing
    overseeing: Overseeing
    runner: BulkRunner
    once: Once
    identify: Callable[[str], Caller | None]  #: returns the owner of a token
    families: Mapping[str, OpenFamily]

    @classmethod
    def of(
        cls,
        base: Foundation,
        jobs: Jobs,
        submitting: Submitting,
        families: Mapping[str, OpenFamily],
        identify: Callable[[str], Caller | None],
    ) -> Self:
        """Make the parts; touches no database."""
        overseeing = Overseeing(base.store.collections, base.store.context, base.store.maintenance)
        return cls(
            store=base.store,
            jobs=jobs,
            submitting=submitting,
            browsing=base.browsing,
            overseeing=overseeing,
            runner=BulkRunner(base.store, jobs, base.browsing, overseeing),
            once=base.once,
            identify=identify,
            families=families,
        )
