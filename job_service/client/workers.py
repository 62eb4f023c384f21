"""The workers, and their drain."""

from datetime import datetime

from job_service.client.answers import Answer, reading
from job_service.client.call import Call, path
from job_service.client.resource import Action, E, Resource


class WorkerState(Answer):
    """A worker: what it asked for lately, and what it holds."""

    worker: str
    kinds: list[str]
    asks_for: list[str]  #: the types and dataset names of its claims; empty: any
    seen_at: datetime | None  #: its last claim; None: none within a day
    holds: int  #: how many jobs it holds
    until: datetime | None  #: when its longest lease ends; None: it holds nothing
    drained: bool  #: it gets no more jobs
    silent: bool  #: its leases are over, and its last claim was over two minutes ago


class DrainState(Answer):
    """Whether a worker is drained, and if so since when and by whom."""

    worker: str
    drained: bool
    since: datetime | None = None
    set_by: str | None = None


class Workers(Resource[E]):
    """`client.workers`."""

    @Action
    def list(self) -> Call[list[WorkerState]]:
        """List the workers of the last day, those in trouble first."""
        return Call(method="GET", path="/workers", parse=reading(list[WorkerState]))

    @Action
    def drain(self, worker: str) -> Call[DrainState]:
        """Give a worker no more jobs: once this has answered, no instance starts one for it. What it holds goes on."""
        return Call(method="POST", path=path("workers", worker, "drain"), parse=reading(DrainState))

    @Action
    def end_drain(self, worker: str) -> Call[DrainState]:
        """Let a worker have jobs again."""
        return Call(method="DELETE", path=path("workers", worker, "drain"), parse=reading(DrainState))
