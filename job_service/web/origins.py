"""The origin of a browser's request, compared with this service's own host."""

from urllib.parse import urlsplit

_SHOWN = 100


def is_own_page(origin: str, site: str | None, host: str, *, strict: bool) -> bool:
    """Say whether these `Origin` and `Sec-Fetch-Site` come from a page of this service, which is addressed as `host`.

    A proxy may use another host name than the browser: a browser's "same-origin" is enough unless
    `strict`, where a page under a foreign name that resolves to this machine (DNS rebinding) must not count as ours.
    """
    if origin == "null":
        # Our own pages that hide their referrer send "null", and so do all sandboxed ones: `Sec-Fetch-Site` decides.
        return site in {"same-origin", "none"}
    return (site == "same-origin" and not strict) or _host_of(origin) == host.lower()


def other_hosts(origin: str, host: str) -> str:
    """Return a hint for the operator: the two hosts that differ where our own page counts as another site's."""
    return (
        f"the page is of {_host_of(origin)[:_SHOWN]!r}, and this service was asked as {host[:_SHOWN]!r}. If a proxy "
        "did that, have it pass on the Host (nginx: `proxy_set_header Host $http_host;`)"
    )


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
