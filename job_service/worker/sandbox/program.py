"""A program and its input, checked and made into the document that `bootstrap` reads."""

import json
import keyword
from typing import Any


class UnusableProgram(Exception):
    """The program or its input cannot be handed over; the message says why."""


def encode(code: str, variables: dict[str, Any]) -> bytes:
    """Return the document with the program and its input.

    Raises UnusableProgram for a name that cannot be a variable and for what is not JSON.
    """
    for name in variables:
        _check_name(name)
    try:
        return json.dumps({"code": code, "input": variables}, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableProgram("The input is not JSON.") from error


def _check_name(name: object) -> None:
    """Names between double underscores steer the interpreter: they are not the user's to set."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or name.startswith("__"):
        raise UnusableProgram(f"The input's name {str(name)[:80]!r} cannot be a variable.")
