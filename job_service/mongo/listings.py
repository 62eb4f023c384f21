"""What folders hold, as workers have listed them: compressed, in pieces, each far below the limit of a document."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from job_service.mongo.collections import Collections

Entries = list[dict[str, Any]]


class Listings:
    """Stores and reads listings by the element that made them and the mark of its report."""

    def __init__(self, collections: Collections) -> None:
        self._pieces = collections.listings

    def store(self, element_id: str, mark: str, pieces: Iterable[tuple[str, Entries]]) -> None:
        """Store a listing, given as `(folder, some of its entries)`."""
        for place, piece in enumerate(pieces):
            data = zlib.compress(orjson.dumps(piece), 1)
            self._pieces.insert_one({"_id": f"{element_id}/{mark}/{place:09d}", "data": data})

    def read(self, element_id: str, mark: str) -> dict[str, Entries]:
        """Return a listing whole."""
        listing: dict[str, Entries] = {}
        for folder, entries in self._read(element_id, mark):
            listing.setdefault(folder, []).extend(entries)
        return listing

    def forget_others(self, element_id: str, mark: str) -> None:
        """Remove what other reports about the element have stored."""
        before, after = f"{element_id}/{mark}/", f"{element_id}/{mark}0"
        first, last = f"{element_id}/", f"{element_id}0"
        self._pieces.delete_many(
            {"$or": [{"_id": {"$gte": first, "$lt": before}}, {"_id": {"$gte": after, "$lt": last}}]}
        )

    def _read(self, element_id: str, mark: str) -> Iterator[tuple[str, Entries]]:
        span = {"$gte": f"{element_id}/{mark}/", "$lt": f"{element_id}/{mark}0"}
        for piece in self._pieces.find({"_id": span}).sort("_id", 1):
            folder, entries = orjson.loads(zlib.decompress(piece["data"]))
            yield folder, entries
