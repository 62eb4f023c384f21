"""A family's part of the store: one value a family, which `open_store` reads when it makes the store."""

from collections.abc import Callable
from dataclasses import dataclass, field

from job_service.lifecycle.kind import Kind
from job_service.mongo.database.collections import Collections, Indexes
from job_service.mongo.keeping.retention import Belongings
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.ending import Ending
from job_service.mongo.verbs.moving import BeforeMove
from job_service.mongo.verbs.operating import Operating
from job_service.mongo.verbs.reading import Reading
from job_service.mongo.verbs.sweeping import Duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The parts of the store that a family's own parts are made of."""

    collections: Collections
    context: StoreContext
    reading: Reading
    ending: Ending
    operating: Operating


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyStore:
    """A family, as the store sees it. Each function is called once, when the store is made, and returns one part."""

    kind: Kind
    indexes: Indexes = field(default_factory=dict)  #: by collection; all collections of its own are named
    #: Functions that get each ended job of the kind, at least once, before it leaves `inprogress`, in this order.
    before_move: tuple[Callable[[Core], BeforeMove], ...] = ()
    duties: tuple[Callable[[Core], Duty], ...] = ()  #: the family's duties of the sweep
    #: Data about the kind's jobs outside of their documents, deleted with the jobs; None: there are none.
    belongings: Callable[[Collections], Belongings] | None = None
