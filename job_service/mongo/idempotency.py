"""The same submission sent again creates nothing: a key stands for a body, a run of ids, and then for an answer."""

from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from job_service.lifecycle.errors import IdempotencyMismatch
from job_service.lifecycle.ids import IdRange
from job_service.mongo.client import Document
from job_service.mongo.collections import Collections


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a keyed request.

    `answer` is what an earlier one was answered. Without it, `ids` are those that every sending gives its jobs, and
    `repeated` says that an earlier one may have stored some of them.
    """

    ids: IdRange
    repeated: bool
    answer: bytes | None


class Idempotency:
    """Remembers keys for a day."""

    def __init__(self, collections: Collections) -> None:
        self._keys = collections.idempotency

    def begin(self, key: str, digest: str, now: datetime) -> Attempt:
        """Open a key, or find what it stands for; IdempotencyMismatch when that is another body."""
        ids = IdRange.at(now)
        # A run's start has 73 bits, more than BSON's integers hold.
        opened = {"_id": key, "digest": digest, "ms": ids.milliseconds, "start": str(ids.start), "at": now}
        try:
            self._keys.insert_one(opened)
        except DuplicateKeyError:
            return self._repeat(self._keys.find_one({"_id": key}) or opened, digest)
        return Attempt(ids, repeated=False, answer=None)

    def finish(self, key: str, answer: bytes) -> bytes:
        """Store the answer and return the one that holds: of two sendings at once, the first's."""
        self._keys.update_one({"_id": key, "answer": {"$exists": False}}, {"$set": {"answer": answer}})
        stored = self._keys.find_one({"_id": key}, {"answer": 1})
        return bytes(stored["answer"]) if stored else answer

    def forget(self, key: str) -> None:
        """Let a key stand for nothing again."""
        self._keys.delete_one({"_id": key})

    def _repeat(self, stored: Document, digest: str) -> Attempt:
        if stored["digest"] != digest:
            raise IdempotencyMismatch("This Idempotency-Key was used with another body")
        answer = stored.get("answer")
        return Attempt(
            IdRange(stored["ms"], int(stored["start"])), repeated=True, answer=bytes(answer) if answer else None
        )
