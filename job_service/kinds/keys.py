"""The header that makes a submission safe to send again."""

import re

from job_service.lifecycle.errors import Invalid
from job_service.web.present import present

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key() -> str | None:
    """Return the `Idempotency-Key` of the present request, if it has one. Raises Invalid."""
    key: str | None = present().environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _KEY.fullmatch(key):
        raise Invalid.field("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return key
