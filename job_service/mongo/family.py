"""What a family brings to the store: one value a family, which `open_store` reads when it makes the store."""

from collections.abc import Callable
from dataclasses import dataclass

from job_service.lifecycle.kind import Kind
from job_service.mongo.database.collections import Collections
from job_service.mongo.keeping.retention import Belongings
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.ending import Ending
from job_service.mongo.verbs.moving import BeforeMove
from job_service.mongo.verbs.operating import Operating
from job_service.mongo.verbs.reading import Reading
from job_service.mongo.verbs.sweeping import Duty


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The parts of the store from which a family's parts are made; `Store` has them too."""

    collections: Collections
    context: StoreContext
    reading: Reading
    ending: Ending
    operating: Operating


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyStore:
    """A family as the store sees it. Each function is called once, when the store is made, and returns one part."""

    kind: Kind
    #: What is shown the ended jobs of the kind before they leave `inprogress`, at least once each, in this order.
    before_move: tuple[Callable[[Core], BeforeMove], ...] = ()
    duties: tuple[Callable[[Core], Duty], ...] = ()  #: what the sweep does for the family
    #: What is stored about jobs of the kind outside of their documents, and is deleted with them; None: nothing.
    belongings: Callable[[Collections], Belongings] | None = None
