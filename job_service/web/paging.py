"""Pages of a list that is ordered by id."""

import base64
import binascii
import re
from urllib.parse import urlencode

from flask import request

from job_service.lifecycle.errors import Invalid
from job_service.web.addresses import path_to
from job_service.web.requests import query_integer, query_text

MOST_A_PAGE = 10_000
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def page_asked_for() -> tuple[int | None, str | None]:
    """Return the `limit`, and the id after which the page starts; None: at the first."""
    return query_integer("limit", 1, MOST_A_PAGE), _read_cursor(query_text("cursor"))


def link_to_next(last_id: str) -> dict[str, str]:
    """Return the `Link` header to the next page, after the one that ends with this id."""
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    cursor = base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")
    return {"Link": f'<{path_to(request.path)}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'}


def _read_cursor(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        last_id = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        last_id = ""
    if not _ID.fullmatch(last_id):
        raise Invalid.field("cursor", "is not one that this list has given")
    return last_id
