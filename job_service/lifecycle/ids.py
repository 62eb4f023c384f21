"""Ids that sort by time, so that jobs of one batch keep their order."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

_RANDOM_BITS = 74
_LOW_BITS = 62


@dataclass(frozen=True, slots=True)
class IdRange:
    """A run of UUIDs, version 7 (RFC 9562): `milliseconds` since the epoch, then `start` counted upwards."""

    milliseconds: int
    start: int

    @classmethod
    def at(cls, moment: datetime) -> "IdRange":
        """Begin a run at a moment; the top random bit stays free, so that counting never carries into the time."""
        return cls(int(moment.timestamp() * 1000), secrets.randbits(_RANDOM_BITS - 1))

    def __getitem__(self, index: int) -> str:
        """Return the id at a place of the run."""
        value = self.start + index
        high = (self.milliseconds << 16) | (7 << 12) | (value >> _LOW_BITS)
        low = (2 << _LOW_BITS) | (value & ((1 << _LOW_BITS) - 1))
        text = f"{(high << 64) | low:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class IdSource:
    """Makes ids in the order of the calls, also within a millisecond; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = IdRange(0, 0)

    def take(self, moment: datetime, count: int) -> IdRange:
        """Return a run of which the first `count` ids are reserved for the caller."""
        with self._lock:
            run = IdRange.at(moment)
            if run.milliseconds == self._next.milliseconds:
                run = self._next
            self._next = IdRange(run.milliseconds, run.start + count)
            return run


def new_claim_id() -> str:
    """Return a new claim id, for workers that chose none."""
    return secrets.token_hex(16)
