"""Times in requests: RFC 3339, with a zone."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_moment(value: object) -> datetime:
    """Return a time in UTC. Raises ValueError."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("must be a time as in RFC 3339, such as 2030-01-31T12:00:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no time of the calendar") from None


Moment = Annotated[datetime, BeforeValidator(parse_moment)]
