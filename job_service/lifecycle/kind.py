"""What the core must know of a kind of job: words and facts, no code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from job_service.lifecycle.job import State

Facet = Literal["type", "datasetName", "key", "label"]
ClaimedBy = Literal["kind", "type", "key", "label"]

#: How a kind is claimed of which nobody knows how its claims will narrow.
BY_EVERYTHING: tuple[ClaimedBy, ...] = ("kind", "type", "key", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPolicy:
    """The figures that operators may change of every kind; None is the service's own setting."""

    max_attempts: int | None = None  #: failures until a job is given up, unless the job says so itself
    backoff_seconds: float | None = None  #: how long a job waits after its first failure
    backoff_max_seconds: float | None = None  #: how long it waits at most, however often it failed
    lease_seconds: int | None = None  #: the length of a lease that a claim names no length for
    start_within_seconds: int | None = None  #: how long a job may wait for its start; kept, not enforced yet
    max_run_seconds: int | None = None  #: how long one attempt may take; kept, not enforced yet
    limits: Mapping[str, Any] | None = None  #: how many may run or start, as the wire has it; kept, not enforced yet
    retention_days: int | None = None  #: for how long its ended jobs are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of job."""

    name: str
    #: The status of its jobs in each state.
    words: Mapping[State, str] = field(default_factory=lambda: {state: state.value for state in State})
    steps: frozenset[str] | None = None  #: the statuses that a worker may set while a job runs; None: any word
    types: tuple[str, ...] = ()  #: all that the `type` of its jobs may be; empty: anything
    facets: Mapping[str, Facet] = field(default_factory=dict)  #: the fields of a claim's `where`: what each narrows by
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: the values that fields of `where` may have
    #: By what claims ask for its jobs. Each is a queue, which costs every write of a job an entry in an index. Without
    #: `kind` claims always name types, or read all of `types`.
    claims_by: tuple[ClaimedBy, ...] = ("kind",)
    by_id: bool = False  #: whether within a priority the oldest id goes first, also when it was put back
    ids_chosen: bool = False  #: whether clients choose the ids of its jobs, which then need not begin with their time
    type_index: str = ""  #: the index of its jobs in progress by type, in the order of ids; empty: there is none
    counts: bool = False  #: whether its clients want small numbers
    has_elements: bool = False  #: whether its jobs may be parents of others
    worker: str = ""  #: the command of this project that works for it, with what that needs of its machine
    own: bool = False  #: whether a document defines it; the others are the families, each with an API of its own
    revision: int = 0  #: how often its definition was changed; 0: never
    definition: Mapping[str, Any] = field(default_factory=dict)  #: what its document says, as it was given
    closed: bool = False  #: it is being deleted, and takes no more jobs
    policy: KindPolicy = field(default_factory=KindPolicy)
    #: Says what is wrong with a result, in a sentence; None: nothing.
    result_fault: Callable[[Any], str | None] = lambda _result: None

    def require_type(self, given: str | None) -> None:
        """Raise ValueError for the type of a job that no claim would ask for."""
        if self.types and given not in self.types:
            raise ValueError(f"there is no {self.name} job of the type {given}")


class KindAndType(NamedTuple):
    """The jobs of a kind and a type; a type of None stands for any."""

    kind: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which jobs of a kind a claim is for; an empty tuple is no restriction."""

    kind: str
    types: tuple[str, ...] = ()
    dataset_names: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  #: whose turn it may be
    labels: tuple[str, ...] = ()  #: each as `name=value`; a job has to have all
