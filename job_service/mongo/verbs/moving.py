"""Moving ended jobs to `completed`, behind the answers.

The move copies and deletes; both are guarded by `endSeq`, the count of ends and reopenings, so that a delayed mover
cannot touch a job that was put back meanwhile. Any process may move a marked document.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import SystemRandom

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from job_service.lifecycle.job import ENDED, Job
from job_service.mongo.database.client import fetch
from job_service.mongo.database.collections import EPOCH, Collections, in_states
from job_service.mongo.database.duplicates import duplicates

_BATCH = 500
#: The most marked jobs that are remembered; older ones are left to the sweep.
_REMEMBERED = 100_000

BeforeMove = Callable[[Sequence[Job]], None]

#: Called at the points `marked`, `recorded` and `copied`, where tests stop or crash.
Interruption = Callable[[str], None]


def never(_point: str) -> None:
    """Do nothing at any point."""


class MarkedJobs:
    """The ids of jobs that this instance has marked ended and has to move; `more` is set when some are added.

    Each instance moves its own marked jobs, so that two do not do the same work; any others the sweep
    finds.
    """

    def __init__(self) -> None:
        self.more = threading.Event()
        self._ids: deque[str] = deque(maxlen=_REMEMBERED)

    def add(self, job_ids: Iterable[str]) -> None:
        """Remember jobs."""
        self._ids.extend(job_ids)
        self.more.set()

    def take(self, limit: int) -> list[str]:
        """Return up to `limit` jobs, oldest first, and forget them; none when there are none."""
        return [self._ids.popleft() for _ in range(min(len(self._ids), limit))]

    def put_back(self, job_ids: Iterable[str]) -> None:
        """Add jobs again that could not be moved."""
        self._ids.extendleft(job_ids)


class Moving:
    """Moves ended jobs. `before_move` has, by kind, the functions that get each job at least once before its move."""

    def __init__(
        self,
        collections: Collections,
        marked: MarkedJobs,
        before_move: Mapping[str, Sequence[BeforeMove]],
        interruption: Interruption = never,
    ) -> None:
        self.marked = marked
        self._before_move = before_move
        self._inprogress = collections.inprogress
        self._completed = collections.completed
        self._ended = in_states(ENDED)
        self._reached = interruption

    def move(self, limit: int = _BATCH) -> int:
        """Move up to `limit` ended jobs to `completed`; return how many were found."""
        found = fetch(self._inprogress.find(self._ended, hint="state").limit(limit), limit)
        # Concurrent instances start at different places.
        SystemRandom().shuffle(found)
        if found:
            self._move(found)
        return len(found)

    def move_marked(self) -> None:
        """Move the jobs that this instance has marked, in batches."""
        while batch := self.marked.take(_BATCH):
            try:
                self.move_now(batch)
            except Exception:
                self.marked.put_back(batch)
                raise

    def move_now(self, job_ids: Sequence[str]) -> None:
        """Move these jobs, if they have ended, before this returns."""
        ended = {"_id": {"$in": list(job_ids)}, "finishedAt": {"$gt": EPOCH}}
        found = fetch(self._inprogress.find(ended), len(job_ids))
        if found:
            self._move(found)

    def _move(self, documents: list[Job]) -> None:
        for kind, recorders in self._before_move.items():
            of_kind = [job for job in documents if job["kind"] == kind]
            for record in recorders if of_kind else ():
                record(of_kind)
        self._reached("recorded")
        self._copy(documents)
        self._reached("copied")
        self._delete(documents)

    def _copy(self, documents: list[Job]) -> None:
        try:
            self._completed.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            self._replace_older([documents[failure["index"]] for failure in duplicates(error)])

    def _replace_older(self, documents: list[Job]) -> None:
        """Overwrite copies of an earlier end; a copy of this or a later one stays."""
        statements = [ReplaceOne({"_id": job["_id"], "endSeq": {"$lt": job["endSeq"]}}, job) for job in documents]
        if statements:
            self._completed.bulk_write(statements, ordered=False)

    def _delete(self, documents: list[Job]) -> None:
        by_seq: dict[int, list[str]] = {}
        for job in documents:
            by_seq.setdefault(job["endSeq"], []).append(job["_id"])
        for seq, ids in by_seq.items():
            moved = {"_id": {"$in": ids}, "endSeq": seq, "finishedAt": {"$gt": EPOCH}}
            if self._inprogress.delete_many(moved).deleted_count < len(ids):
                self._take_back_copies(ids, seq)

    def _take_back_copies(self, ids: list[str], seq: int) -> None:
        """Remove copies of jobs that were put back while they were copied."""
        later = {"_id": {"$in": ids}, "endSeq": {"$gt": seq}}
        put_back = [job["_id"] for job in self._inprogress.find(later, {"_id": 1})]
        if put_back:
            self._completed.delete_many({"_id": {"$in": put_back}, "endSeq": seq})
