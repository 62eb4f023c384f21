"""What the core must know of a family: words and facts, no code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from job_service.lifecycle.job import State

Facet = Literal["type", "datasetName"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of job.

    `words` gives the family's status for each state; `steps` are the statuses that a worker may set while it runs
    (None: any word); `types` are all that the jobs' `type` may be, where claims mostly ask for some: then every claim
    asks by name, and no job may have another; `facets` names the fields of a claim's `where` and what they narrow by,
    and `choices` the values they may take; `counts` says that its clients want small numbers; `by_id` that the oldest
    id goes first, also when it was put back; `has_elements` that its jobs may be parents of others; `worker` is the
    command of this project that works for it, with what that needs of its machine; `retention_days` is for how long
    its ended jobs are kept (None: as long as the setting says).
    """

    name: str
    words: Mapping[State, str] = field(default_factory=lambda: {state: state.value for state in State})
    steps: frozenset[str] | None = None
    types: tuple[str, ...] = ()
    facets: Mapping[str, Facet] = field(default_factory=dict)
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    counts: bool = False
    by_id: bool = False
    has_elements: bool = False
    worker: str = ""
    retention_days: int | None = None

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
    by_id: bool = False  #: within a priority the oldest id first, instead of who has been ready for longest
