"""The addresses of this service, as whoever asks reaches it: behind a proxy they begin with the proxy's prefix.

`url_for` knows the prefix, too. Whatever else is put together by hand comes from here, or leads out of the prefix.
"""

from urllib.parse import quote

from job_service.web.present import present

#: What may stand in a path as it is (RFC 3986, section 3.3), but for "," and ";": clients take a `Link` apart there.
_PLAIN = "/:@!$&'()*+="


def prefix() -> str:
    """Return what all paths of this service begin with; empty where it has a host of its own."""
    return quote(present().root_path.rstrip("/"), _PLAIN)


def path_to(path: str) -> str:
    """Return the path that leads to a path of this service, which begins with "/" and is not quoted."""
    return f"{prefix()}{quote(path, _PLAIN)}"


def base_url() -> str:
    """Return the URL that all others of this service begin with, without a slash at its end."""
    return present().root_url.rstrip("/")


def here() -> str:
    """Return the present request's path and query, without the prefix, for `way_back` to lead there again."""
    asked = present()
    query = asked.query_string.decode("latin-1")
    return quote(asked.path, _PLAIN) + (f"?{query}" if query else "")


def way_back(asked: str | None) -> str | None:
    """Return a path and query of this service, below its prefix; None unless it certainly leads nowhere else."""
    path = asked or ""
    safe = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return f"{prefix()}{path}" if safe else None
