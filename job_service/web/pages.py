"""Requests for HTML pages: their errors are pages too."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, request

View = TypeVar("View", bound=Callable[..., Any])

#: The key in `app.extensions` of the console's function that renders an error: called with the status and the body.
ERROR_PAGE = "job_service.error_page"


def page(view: View) -> View:
    """Mark a view as a page: its errors are shown as pages to browsers."""
    view.is_page = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def wants_page() -> bool:
    """Say whether a browser asks: the `Accept` header names HTML."""
    return "text/html" in request.headers.get("Accept", "")


def error_page(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response | None:
    """Return an error as a page; None where a program asks, or the route is no page."""
    render = current_app.extensions.get(ERROR_PAGE)
    view = current_app.view_functions.get(request.endpoint or "")
    if render is None or not wants_page() or not (view is None or getattr(view, "is_page", False)):
        return None
    response: Response = render(status, body)
    response.headers.update(headers)
    return response
