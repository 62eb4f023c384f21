"""Whole numbers in paths: ASCII digits, as many as fit a stored number."""

from flask import Flask
from werkzeug.routing import IntegerConverter, UnicodeConverter


class AsciiInteger(IntegerConverter):
    """A stricter `<int>`: Flask's own also takes digits of other scripts, and more of them than Python converts."""

    regex = r"[0-9]{1,18}"


class Numeral(UnicodeConverter):
    """A path segment that should be a number, as text, so that the view can say what is wrong instead of 404."""


def read_numbers_strictly(app: Flask) -> None:
    """Register `<int>` and `<numeral>` for paths; called before routes are added."""
    app.url_map.converters.update(int=AsciiInteger, numeral=Numeral)
