"""Whole numbers in paths: ASCII digits, and not more of them than a stored number has."""

from flask import Flask
from werkzeug.routing import IntegerConverter, UnicodeConverter


class AsciiInteger(IntegerConverter):
    """As `<int>`, which also takes digits of other scripts, and so many of them that Python refuses to convert them."""

    regex = r"[0-9]{1,18}"


class Numeral(UnicodeConverter):
    """What should be a number, as text: the view says what is wrong with it, where `<int>` finds no such page."""


def read_numbers_strictly(app: Flask) -> None:
    """Let `<int>` and `<numeral>` in paths be these; call it before routes are added."""
    app.url_map.converters.update(int=AsciiInteger, numeral=Numeral)
