"""Which requests are for pages: they are answered as pages, also when they go wrong."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, request

View = TypeVar("View", bound=Callable[..., Any])

#: Where the console leaves what makes a page of an error: called with the status and the body.
ERROR_PAGE = "job_service.error_page"


def page(view: View) -> View:
    """Mark a view as a page: its errors are shown as pages to browsers."""
    view.is_page = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def wants_page() -> bool:
    """Say whether a browser asks: it names HTML among what it takes."""
    return "text/html" in request.headers.get("Accept", "")


def error_page(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response | None:
    """Return the page that tells a person of an error; None where a program asks, or the route is no page."""
    render = current_app.extensions.get(ERROR_PAGE)
    view = current_app.view_functions.get(request.endpoint or "")
    if render is None or not wants_page() or not (view is None or getattr(view, "is_page", False)):
        return None
    response: Response = render(status, body)
    response.headers.update(headers)
    return response
