"""Ids that sort by time, so that jobs of one batch keep their order."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
        return str(UUID(int=(high << 64) | low))


def new_claim_id() -> str:
    """Return a claim id of our own, for workers that chose none."""
    return secrets.token_hex(16)
