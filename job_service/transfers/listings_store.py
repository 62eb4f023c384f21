"""Workers' listings of folders: compressed, in pieces, each below the size limit of a document."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from job_service.mongo.database.collections import Collections

_PIECE_BYTES = 8_000_000


class Listings:
    """Stores and reads listings by the element that made them and the mark of its report."""

    def __init__(self, collections: Collections) -> None:
        self._pieces = collections.own("listings")

    def store(self, element_id: str, mark: str, pieces: Iterable[tuple[str, Any]]) -> None:
        """Store a listing, given as `(folder, some of its entries)`, or `(folder, a value that is no list)`."""
        for place, (data, more) in enumerate(part for piece in pieces for part in _parts(piece)):
            document = {"_id": f"{element_id}/{mark}/{place:09d}", "data": data}
            self._pieces.insert_one(document | ({"more": True} if more else {}))

    def read(self, element_id: str, mark: str) -> dict[str, Any]:
        """Return a listing whole."""
        listing: dict[str, Any] = {}
        for folder, entries in self._read(element_id, mark):
            if isinstance(entries, list):
                listing.setdefault(folder, []).extend(entries)
            else:
                listing[folder] = entries
        return listing

    def forget_others(self, element_id: str, mark: str) -> None:
        """Remove the listings of other reports on the element."""
        before, after = f"{element_id}/{mark}/", f"{element_id}/{mark}0"
        first, last = f"{element_id}/", f"{element_id}0"
        self._pieces.delete_many(
            {"$or": [{"_id": {"$gte": first, "$lt": before}}, {"_id": {"$gte": after, "$lt": last}}]}
        )

    def _read(self, element_id: str, mark: str) -> Iterator[tuple[str, Any]]:
        span = {"$gte": f"{element_id}/{mark}/", "$lt": f"{element_id}/{mark}0"}
        data = b""
        for piece in self._pieces.find({"_id": span}).sort("_id", 1):
            data += piece["data"]
            if "more" not in piece:
                folder, entries = orjson.loads(zlib.decompress(data))
                data = b""
                yield folder, entries


def _parts(piece: tuple[str, Any]) -> Iterator[tuple[bytes, bool]]:
    """Cut a piece into parts that fit a document; yield each with whether more parts follow."""
    data = zlib.compress(orjson.dumps(piece), 1)
    for start in range(0, len(data), _PIECE_BYTES):
        yield data[start : start + _PIECE_BYTES], start + _PIECE_BYTES < len(data)
