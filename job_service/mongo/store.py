"""The store: every verb of the lifecycle, each with its one place.

- create: `submission.py`; find and get: `reading.py`
- claim: `claiming.py`; renew, update, finish, fail, release: `reporting.py`
- end: `ending.py`; move: `moving.py`; what is past a deadline: `expiring.py`
- cancel, release, retry, reopen: `operating.py`
- the maintenance flag: `maintenance.py`; sweep: `sweeping.py`
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from pymongo.database import Database

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.definition import ResultCheck, any_result
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Observer, observing_all
from job_service.mongo.database.client import Document
from job_service.mongo.database.clock import DatabaseClock
from job_service.mongo.database.collections import Collections, ensure_indexes
from job_service.mongo.database.suitability import require_replica_set
from job_service.mongo.family import Core, FamilyStore
from job_service.mongo.keeping.retention import Keeping, Retention
from job_service.mongo.keeping.schema import announce, require_readable, require_whole
from job_service.mongo.keeping.upgrade import Upgrade
from job_service.mongo.keys.idempotency import Idempotency
from job_service.mongo.telling.notes import NoteBoard, ensure_board
from job_service.mongo.telling.wakeups import Wakeups
from job_service.mongo.verbs.claiming import Claiming
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.ending import Ending
from job_service.mongo.verbs.expiring import Expiring
from job_service.mongo.verbs.kinds import Kinds
from job_service.mongo.verbs.maintenance import Maintenance
from job_service.mongo.verbs.moving import BeforeMove, MarkedJobs, Moving
from job_service.mongo.verbs.operating import Operating
from job_service.mongo.verbs.reading import Reading
from job_service.mongo.verbs.reporting import Reporting
from job_service.mongo.verbs.submission import Admission, Submission
from job_service.mongo.verbs.sweeping import Duty, Sweeper
from job_service.mongo.watching.backlog import Backlog
from job_service.mongo.watching.counters import Counters
from job_service.mongo.watching.recount import Recount
from job_service.mongo.watching.stats import Stats
from job_service.mongo.watching.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOptions:
    """The options of a store; by default there are no limits, deletions or callbacks."""

    check_results: ResultCheck = any_result
    keeping: Keeping = field(default_factory=Keeping)
    most_waiting: int | None = None  #: how many jobs of a kind may wait; None: any number
    on_stale: Callable[[str], None] = lambda _verb: None  #: called for each report refused because it came too late
    on_drift: Callable[[int], None] = lambda _sum: None  #: called with the sum of a recount's corrections


@dataclass(frozen=True, slots=True, kw_only=True)
class Store(Core):
    """The parts of the store, by their purpose."""

    database: Database[Document]
    families: tuple[FamilyStore, ...]
    maintenance: Maintenance
    submission: Submission
    claiming: Claiming
    reporting: Reporting
    moving: Moving
    workers: Workers
    idempotency: Idempotency
    sweeper: Sweeper
    wakeups: Wakeups
    counters: Counters
    stats: Stats
    upgrade: Upgrade

    def prepare(self) -> None:
        """Make the indexes and upgrade older documents; raises Unsuitable, and the driver's errors.

        No claim may be served before this, since claims do not find older documents.
        """
        require_replica_set(self.database)
        require_whole(self.database)
        require_readable(self.collections)
        ensure_indexes(self.database, *(family.indexes for family in self.families))
        announce(self.collections)
        self.upgrade()
        ensure_board(self.database)

    def ping(self) -> None:
        """Prove that the database answers and can be written, by a write that changes nothing."""
        self.collections.leaderships.update_one({"_id": "ping"}, {"$setOnInsert": {"_id": "ping"}}, upsert=True)


_PLAIN = StoreOptions()


def open_store(
    database: Database[Document],
    families: Sequence[FamilyStore],
    policy: RetryPolicy,
    observe: Observer,
    clock: Clock | None = None,
    options: StoreOptions = _PLAIN,
) -> Store:
    """Make the store; touches no database. `clock` replaces the database's own in tests."""
    collections, clock = Collections.of(database), clock or DatabaseClock(database)
    kinds = Kinds(collections, [family.kind for family in families], options.check_results)
    reading, counters = Reading(collections, kinds), Counters(collections, clock)
    wakeups = Wakeups(partial(NoteBoard, collections, clock), reading.get, reading.any_claimable, clock)
    observers = observing_all(observe, counters.observe, wakeups.board.observe)
    context, marked = StoreContext(kinds, policy, clock, observers, wakeups.board.publish), MarkedJobs()
    ending = Ending(collections, context, marked)
    reporting = Reporting(collections, context, ending, options.on_stale)
    operating = Operating(collections, context, reading, ending, reporting)
    core = Core(collections=collections, context=context, reading=reading, ending=ending, operating=operating)
    moving, expiring = Moving(collections, marked, _before_move(core, families)), Expiring(collections, context, ending)
    submission = Submission(collections, context, _admissions(context, counters, options))
    upgrade, maintenance, workers = Upgrade(collections, kinds), Maintenance(collections), Workers(collections, clock)
    duties = (submission.confirm_left, *_duties(core, families, counters, options))
    return Store(
        **{name: getattr(core, name) for name in Core.__dataclass_fields__},
        database=database,
        families=tuple(families),
        maintenance=maintenance,
        submission=submission,
        claiming=Claiming(collections, context, maintenance, expiring),
        reporting=reporting,
        moving=moving,
        workers=workers,
        idempotency=Idempotency(collections),
        sweeper=Sweeper(collections, context, expiring, moving, duties, duties_of_each=(upgrade,)),
        wakeups=wakeups,
        counters=counters,
        stats=Stats(context, counters, reading, workers, maintenance),
        upgrade=upgrade,
    )


def _before_move(core: Core, families: Iterable[FamilyStore]) -> dict[str, tuple[BeforeMove, ...]]:
    return {family.kind.name: tuple(make(core) for make in family.before_move) for family in families}


def _admissions(context: StoreContext, counters: Counters, options: StoreOptions) -> tuple[Admission, ...]:
    if options.most_waiting is None:
        return (context.require_kinds,)
    return context.require_kinds, Backlog(counters, options.most_waiting).require_room


def _duties(core: Core, families: Iterable[FamilyStore], counters: Counters, options: StoreOptions) -> tuple[Duty, ...]:
    """Return the duties of the sweep beside moving ended jobs and ending those whose workers were lost."""
    collections = core.collections
    kept = {family.kind.name: family.belongings(collections) for family in families if family.belongings}
    return (
        Recount(collections, counters, options.on_drift),
        *(make(core) for family in families for make in family.duties),
        Retention(collections, core.context, counters, options.keeping, kept),
    )
