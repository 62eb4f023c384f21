"""A kind of job, as the core knows it: words and facts, no code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from job_service.lifecycle.job import State

Facet = Literal["type", "datasetName", "key", "label"]
ClaimedBy = Literal["kind", "type", "key", "label"]

#: How long one attempt at a job of a family may take, in seconds, unless the job or the policy says otherwise.
FAMILY_RUN_SECONDS = 24 * 3600

#: The queues of a kind that an operator defines, whose claims may be narrowed in any way.
BY_EVERYTHING: tuple[ClaimedBy, ...] = ("kind", "type", "key", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class KindPolicy:
    """The figures of a kind that operators may change; None stands for the service's default."""

    max_attempts: int | None = None  #: failures until a job is given up, unless the job says so itself
    backoff_seconds: float | None = None  #: the pause after a job's first failure
    backoff_max_seconds: float | None = None  #: the longest pause after a failure
    lease_seconds: int | None = None  #: the length of a lease, unless the claim sets one
    start_within_seconds: int | None = None  #: how long a job may wait for its start
    max_run_seconds: int | None = None  #: how long one attempt may take, unless the job says so itself
    limits: Mapping[str, Any] | None = None  #: how many may run or start, as the wire has it; kept, not enforced yet
    retention_days: int | None = None  #: the days after which ended jobs are deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of job."""

    name: str
    #: The status of the kind's jobs in each state.
    words: Mapping[State, str] = field(default_factory=lambda: {state: state.value for state in State})
    steps: frozenset[str] | None = None  #: the statuses that a worker may set while a job runs; None: any
    types: tuple[str, ...] = ()  #: the types that jobs of the kind may have; empty: any
    facets: Mapping[str, Facet] = field(default_factory=dict)  #: the facet of each field of a claim's `where`
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)  #: the values that fields of `where` may have
    #: The queues of the kind's jobs. Each costs every write of a job an entry in an index. Without
    #: `kind` claims always name types, or read all of `types`.
    claims_by: tuple[ClaimedBy, ...] = ("kind",)
    by_id: bool = False  #: whether within a priority the oldest id is claimed first, also after it was put back
    ids_chosen: bool = False  #: whether clients choose the ids of its jobs, which then need not begin with their time
    type_index: str = ""  #: the index of its jobs in progress by type, in the order of ids; empty: there is none
    counts: bool = False  #: whether the kind's jobs get small numbers
    max_run_seconds: int | None = None  #: how long one attempt may take where neither policy nor job says it
    has_elements: bool = False  #: whether the kind's jobs may be parents of elements
    worker: str = ""  #: the command of this project whose workers do the kind's jobs, and its requirements
    own: bool = False  #: whether an operator has defined the kind; the others are the families
    revision: int = 0  #: how often the definition was changed; 0: never
    definition: Mapping[str, Any] = field(default_factory=dict)  #: the definition, as it was sent
    closed: bool = False  #: whether the kind is being deleted, and accepts no more jobs
    policy: KindPolicy = field(default_factory=KindPolicy)
    #: Returns the fault of a result as a sentence; None for a valid result.
    result_fault: Callable[[Any], str | None] = lambda _result: None

    def require_type(self, given: str | None) -> None:
        """Raise ValueError for a type that the kind's jobs cannot have."""
        if self.types and given not in self.types:
            raise ValueError(f"there is no {self.name} job of the type {given}")


class KindAndType(NamedTuple):
    """The jobs of a kind and a type; a type of None stands for any."""

    kind: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The jobs of a kind that a claim is for; an empty tuple is no restriction."""

    kind: str  #: the kind's name
    types: tuple[str, ...] = ()  #: types of jobs
    dataset_names: tuple[str, ...] = ()  #: datasets of jobs
    keys: tuple[str, ...] = ()  #: the keys of the jobs
    labels: tuple[str, ...] = ()  #: each as `name=value`; a job has to have all
