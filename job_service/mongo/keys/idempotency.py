"""The same submission sent again creates nothing: a key stands for a body, a run of ids, and then for an answer."""

import zlib
from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from job_service.lifecycle.errors import IdempotencyMismatch
from job_service.lifecycle.ids import IdRange
from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

#: Bytes of an answer that is stored as it is; a document of MongoDB has 16 MB at most, and larger ones are compressed.
MOST_PLAIN = 8_000_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a keyed request.

    `key` is what it is stored under, the caller's own. `answer` is what an earlier one was answered. Without it, `ids`
    are those that every sending gives its jobs, and `repeated` says that an earlier one may have stored some of them.
    """

    key: object
    ids: IdRange
    repeated: bool
    answer: bytes | None


class Idempotency:
    """Remembers keys for a day."""

    def __init__(self, collections: Collections) -> None:
        self._keys = collections.idempotency

    def begin(self, caller: str, key: str, digest: str, now: datetime) -> Attempt:
        """Open a caller's key, or find what it stands for; IdempotencyMismatch when that is another body."""
        # Version 0.1.0 stored keys without their callers; an equal digest, which has the user in it, says whose it is.
        earlier = self._keys.find_one({"_id": key, "digest": digest})
        if earlier:
            return _repeated(earlier)
        ids = IdRange.at(now)
        # A run's start has 73 bits, more than BSON's integers hold.
        run = {"ms": ids.milliseconds, "start": str(ids.start)}
        opened: Document = {"_id": {"caller": caller, "key": key}, "digest": digest, **run, "at": now}
        try:
            self._keys.insert_one(opened)
        except DuplicateKeyError:
            stored = self._keys.find_one({"_id": opened["_id"]}) or opened
            if stored["digest"] != digest:
                raise IdempotencyMismatch("This Idempotency-Key was used with another body") from None
            return _repeated(stored)
        return Attempt(opened["_id"], ids, repeated=False, answer=None)

    def finish(self, attempt: Attempt, answer: bytes) -> bytes:
        """Store the answer and return the one that holds: of two sendings at once, the first's."""
        self._keys.update_one({"_id": attempt.key, "answer": {"$exists": False}}, {"$set": _kept(answer)})
        stored = self._keys.find_one({"_id": attempt.key}, {"answer": 1, "compressed": 1})
        return (_answer(stored) if stored else None) or answer

    def forget(self, attempt: Attempt) -> None:
        """Let a key stand for nothing again."""
        self._keys.delete_one({"_id": attempt.key})


def _repeated(stored: Document) -> Attempt:
    ids = IdRange(stored["ms"], int(stored["start"]))
    return Attempt(stored["_id"], ids, repeated=True, answer=_answer(stored))


def _kept(answer: bytes) -> Document:
    if len(answer) <= MOST_PLAIN:
        return {"answer": answer}
    return {"answer": zlib.compress(answer), "compressed": True}


def _answer(stored: Document) -> bytes | None:
    answer = bytes(stored.get("answer", b""))
    return (zlib.decompress(answer) if stored.get("compressed") else answer) or None
