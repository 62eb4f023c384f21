"""Idempotency keys: the same submission sent again creates nothing, and gets the first answer.

A key is stored with the digest of its body and a range of ids before any job is, and with the answer afterwards.
"""

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
    """One sending of a request with an idempotency key."""

    key: object  #: the `_id` under which the key is stored: it has the caller in it
    ids: IdRange  #: the ids for the request's jobs, the same for every sending
    repeated: bool  #: whether an earlier sending may have stored some of the jobs
    answer: bytes | None  #: the answer to an earlier sending; None: none was stored


class Idempotency:
    """Stores idempotency keys for a day."""

    def __init__(self, collections: Collections) -> None:
        self._keys = collections.idempotency

    def begin(self, caller: str, key: str, digest: str, now: datetime) -> Attempt:
        """Store a caller's key, or return the attempt that is stored under it.

        `digest` is of the body and the user. Raises IdempotencyMismatch if the key was stored with another digest.
        """
        # Version 0.1.0 stored keys without the caller; an equal digest, which covers the user, proves whose key it is.
        earlier = self._keys.find_one({"_id": key, "digest": digest})
        if earlier:
            return _repeated(earlier)
        ids = IdRange.at(now)
        # The start has 73 bits, more than a BSON integer holds.
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
        """Store the answer and return the valid one: of two concurrent sendings, the first one's."""
        self._keys.update_one({"_id": attempt.key, "answer": {"$exists": False}}, {"$set": _kept(answer)})
        stored = self._keys.find_one({"_id": attempt.key}, {"answer": 1, "compressed": 1})
        return (_answer(stored) if stored else None) or answer

    def forget(self, attempt: Attempt) -> None:
        """Delete a key, so that it may be used again."""
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
