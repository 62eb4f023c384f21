"""What the pages are made from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from job_service.jobs.adapter import Jobs
from job_service.mongo.store import Store
from job_service.web.access import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The store and the verbs of the core, who may do what, and what single families lend."""

    store: Store
    jobs: Jobs
    identify: Callable[[str], Caller | None]  #: who owns a token
    input_dir: Path | None = None
