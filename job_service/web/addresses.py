"""URLs and paths of this service as the caller sees them: behind a proxy they begin with the proxy's prefix.

`url_for` adds the prefix as well. Any other address is made here; one that is put together by hand lacks the prefix.
"""

from urllib.parse import quote

from job_service.web.present import present

#: Characters a path may have unquoted (RFC 3986, section 3.3) but "," and ";", where clients split a `Link` header.
_PLAIN = "/:@!$&'()*+="


def prefix() -> str:
    """Return the beginning of all paths of this service; empty where the service has a host of its own."""
    return quote(present().root_path.rstrip("/"), _PLAIN)


def path_to(path: str) -> str:
    """Return a path of this service, quoted and with the prefix; `path` begins with "/" and is not quoted."""
    return f"{prefix()}{quote(path, _PLAIN)}"


def base_url() -> str:
    """Return the base URL of this service, without a slash at its end."""
    return present().root_url.rstrip("/")


def here() -> str:
    """Return the present request's path and query, without the prefix, as `way_back` takes it."""
    asked = present()
    query = asked.query_string.decode("latin-1")
    return quote(asked.path, _PLAIN) + (f"?{query}" if query else "")


def way_back(asked: str | None) -> str | None:
    """Return `asked`, a path and query, with the prefix; None where a browser might take it for another site's URL."""
    path = asked or ""
    safe = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return f"{prefix()}{path}" if safe else None
