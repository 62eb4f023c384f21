"""Whole numbers in paths: ASCII digits, and not more of them than a stored number has."""

from flask import Flask
from werkzeug.routing import IntegerConverter


class AsciiInteger(IntegerConverter):
    """As `<int>`, which also takes digits of other scripts, and so many of them that Python refuses to convert them."""

    regex = r"[0-9]{1,18}"


def read_numbers_strictly(app: Flask) -> None:
    """Let `<int>` in paths be that; call it before routes are added."""
    app.url_map.converters["int"] = AsciiInteger
