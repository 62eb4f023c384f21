"""The logs of attempts, in pieces by offset, so that a piece that is sent twice is stored once.

A piece is `{_id: "<element>/<claim>/<offset>"}`; offsets count bytes. Of a long log the head and the tail are kept:
while the tail grows, the pieces in the middle are removed.
"""

from collections.abc import Iterable, Iterator

from pymongo import ReplaceOne, UpdateOne

from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections

PIECE_BYTES = 64 * 1024
HEAD_BYTES = 256 * 1024
TAIL_BYTES = 256 * 1024

_DIGITS = 15

Statement = ReplaceOne[Document] | UpdateOne


class AttemptLogs:
    """Stores and reads logs by element and by the number of the claim, counted from 1."""

    def __init__(self, collections: Collections) -> None:
        self._pieces = collections.own("attempt_logs")

    def append(self, element_id: str, claim: int, offset: int, data: bytes) -> int:
        """Store bytes at an offset; idempotent. Returns the offset of the next ones."""
        statements: list[Statement] = [
            _statement(_key(element_id, claim, at), {"at": at, "data": piece}) for at, piece in _cut(offset, data)
        ]
        self._pieces.bulk_write(statements, ordered=False)
        end = offset + len(data)
        if end - TAIL_BYTES > HEAD_BYTES:
            middle = {"$gte": _key(element_id, claim, HEAD_BYTES), "$lt": _key(element_id, claim, end - TAIL_BYTES)}
            self._pieces.delete_many({"_id": middle})
        return end

    def read(self, element_id: str, claim: int) -> str | None:
        """Return a log, with a line in the place of removed bytes; None when nothing is stored."""
        return self.read_many([(element_id, claim)]).get((element_id, claim))

    def read_many(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """Return the logs that are stored, by element and claim."""
        ranges: list[Document] = [
            {"_id": {"$gte": _key(element_id, claim, 0), "$lt": f"{element_id}/{claim:06d}0"}}
            for element_id, claim in wanted
        ]
        pieces: dict[tuple[str, int], list[Document]] = {}
        for piece in self._pieces.find({"$or": ranges}).sort("_id", 1) if ranges else ():
            element_id, claim, _ = piece["_id"].split("/")
            pieces.setdefault((element_id, int(claim)), []).append(piece)
        return {place: b"".join(_joined(own)).decode(errors="replace") for place, own in pieces.items()}


def _statement(key: str, piece: Document) -> Statement:
    """Return the write of a piece; an empty one only marks that there is a log, and replaces nothing."""
    if piece["data"]:
        return ReplaceOne({"_id": key}, piece, upsert=True)
    return UpdateOne({"_id": key}, {"$setOnInsert": piece}, upsert=True)


def _key(element_id: str, claim: int, offset: int) -> str:
    return f"{element_id}/{claim:06d}/{offset:0{_DIGITS}d}"


def _cut(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut bytes into pieces, without those that would be removed at once."""
    end = offset + len(data)
    for start in range(0, len(data) or 1, PIECE_BYTES):
        at = offset + start
        if at < HEAD_BYTES or at + PIECE_BYTES >= end - TAIL_BYTES:
            yield at, data[start : start + PIECE_BYTES]


def _joined(pieces: list[Document]) -> Iterator[bytes]:
    """Join pieces; where they overlap the earlier one counts, and a line stands for missing ones."""
    at = 0
    for piece in pieces:
        start, data = piece["at"], piece["data"]
        if start > at:
            yield f"\n[{start - at} bytes are left out here]\n".encode()
            at = start
        yield data[at - start :]
        at = max(at, start + len(data))
