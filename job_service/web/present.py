"""The present Request object itself. Flask's `request` proxy costs three extra calls per attribute.

Values that belong to a request are kept in its `environ`, since Flask's `g` is such a proxy too.
"""

from flask import Request, request

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def present() -> Request:
    """Return the request that this thread answers."""
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  Flask documents it
    return asked


def method_of(asked: Request) -> str:
    """Return the method, or `_OTHER` for one that no route has, as OpenTelemetry does.

    A caller that invents methods must not create new labels of metrics and names of spans.
    """
    return asked.method if asked.method in _METHODS else "_OTHER"
