"""Where a browser says that a request comes from, beside the host that this service was asked as."""

from urllib.parse import urlsplit

_SHOWN = 100


def is_own_page(origin: str, site: str | None, host: str, *, strict: bool) -> bool:
    """Say whether a page of this service sends this `Origin` and `Sec-Fetch-Site`, being asked as `host`.

    A proxy may have asked under a name of its own: that browsers which say "same-origin" are right is enough unless
    `strict`. There a page of another name that leads here must not pass for one of ours.
    """
    if origin == "null":
        # Pages of ours that hide their referrer send "null", and so do all sandboxed ones: the other header tells.
        return site in {"same-origin", "none"}
    return (site == "same-origin" and not strict) or _host_of(origin) == host.lower()


def other_hosts(origin: str, host: str) -> str:
    """Return what tells an operator why a page of the service's own is taken for another site's."""
    return (
        f"the page is of {_host_of(origin)[:_SHOWN]!r}, and this service was asked as {host[:_SHOWN]!r}. If a proxy "
        "did that, have it pass on the Host (nginx: `proxy_set_header Host $http_host;`)"
    )


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
