"""The security headers of every answer."""

from flask import Response

#: `data:` images are the arrows and ticks of Bootstrap's own style sheet.
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_OF_PAGES = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def tell_browsers(response: Response) -> Response:
    """Add the headers to an answer; a header that the view has set stays."""
    # JSON gets it too: a browser must not render a JSON answer as a page.
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.mimetype == "text/html":
        for name, value in _OF_PAGES.items():
            response.headers.setdefault(name, value)
    return response
