"""Options that have been used in a transcoding job or a profile, beside the built-in ones."""

from collections.abc import Callable, Iterable

from pymongo.errors import BulkWriteError

from job_service.mongo.database.collections import Collections
from job_service.mongo.database.duplicates import duplicates

#: Reserves so many consecutive numbers and returns the first.
NextNumbers = Callable[[int], int]


class EncoderOptions:
    """Stores the keys of used options, each with a number of its own."""

    def __init__(self, collections: Collections, next_numbers: NextNumbers) -> None:
        self._options = collections.own("encoder_options")
        self._next_numbers = next_numbers

    def all(self) -> list[tuple[int, str]]:
        """Return numbers and keys, smallest number first."""
        return [(option["_id"], option["key"]) for option in self._options.find().sort("_id", 1)]

    def remember(self, keys: Iterable[str]) -> None:
        """Store the keys that have not been used before."""
        asked = list(dict.fromkeys(keys))
        if not asked:
            return
        known = {option["key"] for option in self._options.find({"key": {"$in": asked}}, {"key": 1})}
        unseen = [key for key in asked if key not in known]
        if not unseen:
            return
        first = self._next_numbers(len(unseen))
        try:
            self._options.insert_many(
                [{"_id": first + place, "key": key} for place, key in enumerate(unseen)], ordered=False
            )
        except BulkWriteError as error:
            # Another request has stored the same key at the same moment.
            duplicates(error)
