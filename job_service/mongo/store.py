"""The store: every verb of the lifecycle, each with its one place.

- create: `submission.py`; find and get: `reading.py`
- claim: `claiming.py`; renew, update, finish, fail, release: `reporting.py`
- end: `ending.py`; move: `moving.py`; cancel, release, retry, reopen: `operating.py`
- the maintenance flag: `maintenance.py`; sweep: `sweeping.py`
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pymongo.database import Database

from job_service.lifecycle.clock import Clock
from job_service.lifecycle.definition import ResultCheck, any_result
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Observer, telling_all
from job_service.mongo.database.client import Document
from job_service.mongo.database.clock import DatabaseClock
from job_service.mongo.database.collections import Collections, ensure_indexes
from job_service.mongo.database.suitability import require_replica_set
from job_service.mongo.keeping.schema import announce, require_readable, require_whole
from job_service.mongo.keeping.upgrade import Upgrade
from job_service.mongo.keys.idempotency import Idempotency
from job_service.mongo.telling.notes import NoteBoard, ensure_board
from job_service.mongo.telling.wakeups import Wakeups
from job_service.mongo.verbs.claiming import Claiming
from job_service.mongo.verbs.context import StoreContext
from job_service.mongo.verbs.ending import Ending
from job_service.mongo.verbs.kinds import Kinds
from job_service.mongo.verbs.maintenance import Maintenance
from job_service.mongo.verbs.moving import MarkedJobs, Moving
from job_service.mongo.verbs.operating import Operating
from job_service.mongo.verbs.reading import Reading
from job_service.mongo.verbs.reporting import Reporting
from job_service.mongo.verbs.submission import Submission
from job_service.mongo.verbs.sweeping import Sweeper
from job_service.mongo.watching.counters import Counters
from job_service.mongo.watching.recount import Recount
from job_service.mongo.watching.stats import Stats
from job_service.mongo.watching.workers import Workers


@dataclass(frozen=True, slots=True)
class Store:
    """The parts, by what they do."""

    database: Database[Document]
    collections: Collections
    context: StoreContext
    maintenance: Maintenance
    submission: Submission
    claiming: Claiming
    reporting: Reporting
    ending: Ending
    moving: Moving
    reading: Reading
    operating: Operating
    workers: Workers
    idempotency: Idempotency
    sweeper: Sweeper
    wakeups: Wakeups
    counters: Counters
    stats: Stats
    upgrade: Upgrade

    def prepare(self) -> None:
        """Make the indexes and upgrade older documents; raises Unsuitable, and the driver's errors.

        No claim may be served before: it would not see older documents.
        """
        require_replica_set(self.database)
        require_whole(self.database)
        require_readable(self.collections)
        ensure_indexes(self.database)
        announce(self.collections)
        self.upgrade()
        ensure_board(self.database)

    def ping(self) -> None:
        """Prove that the database answers and can be written, by a write that changes nothing."""
        self.collections.leaderships.update_one({"_id": "ping"}, {"$setOnInsert": {"_id": "ping"}}, upsert=True)


def open_store(
    database: Database[Document],
    families: Iterable[Kind],
    policy: RetryPolicy,
    observe: Observer,
    clock: Clock | None = None,
    check_results: ResultCheck = any_result,
) -> Store:
    """Wire the parts; touches no database. `clock` replaces the database's own in tests."""
    collections, marked = Collections.of(database), MarkedJobs()
    kinds, clock = Kinds(collections, families, check_results), clock or DatabaseClock(database)
    counters, board = Counters(collections, clock), NoteBoard(collections, clock)
    context = StoreContext(kinds, policy, clock, telling_all(observe, counters.observe, board.observe), board.tell)
    maintenance, workers, reading = Maintenance(collections), Workers(collections, clock), Reading(collections, kinds)
    ending, moving = Ending(collections, context, marked), Moving(collections, marked)
    reporting, sweeper = Reporting(collections, context, ending), Sweeper(collections, context, ending, moving)
    submission, upgrade = Submission(collections, context), Upgrade(collections, kinds)
    submission.admissions.append(context.require_kinds)
    sweeper.duties.extend([submission.confirm_left, Recount(collections, counters)])
    sweeper.duties_of_each.append(upgrade)
    return Store(
        database=database,
        collections=collections,
        context=context,
        maintenance=maintenance,
        submission=submission,
        claiming=Claiming(collections, context, maintenance, ending),
        reporting=reporting,
        ending=ending,
        moving=moving,
        reading=reading,
        operating=Operating(collections, context, reading, ending, reporting),
        workers=workers,
        idempotency=Idempotency(collections),
        sweeper=sweeper,
        wakeups=Wakeups(board, reading.get, reading.any_claimable, clock),
        counters=counters,
        stats=Stats(context, counters, reading, workers, maintenance),
        upgrade=upgrade,
    )
