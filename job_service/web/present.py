"""The present request without Flask's stand-in for it, through which each attribute costs three calls more.

What is to be remembered of a request is kept in its `environ`: Flask's `g` is such a stand-in too.
"""

from flask import Request, request

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def present() -> Request:
    """Return the request that this thread answers."""
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  Flask documents it
    return asked


def method_of(asked: Request) -> str:
    """Return the method, or `_OTHER` for one that no route has, as OpenTelemetry does.

    What metrics and spans are named by must be few words of ours: whoever makes up others would fill their tables.
    """
    return asked.method if asked.method in _METHODS else "_OTHER"
