"""Validates a program and its input, and encodes them as the document that `bootstrap` reads."""

import json
import keyword
from typing import Any
from unicodedata import normalize


class UnusableProgram(Exception):
    """The program or its input is invalid; the message says why."""


def encode(code: str, variables: dict[str, Any]) -> bytes:
    """Return the document with the program and its input.

    Raises UnusableProgram for a name that cannot be a variable's, and for a value that is not JSON.
    """
    named = {_variable(name): value for name, value in variables.items()}
    if len(named) < len(variables):
        raise UnusableProgram("Two of the input's names are the same variable.")
    try:
        return json.dumps({"code": code, "input": named}, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableProgram("The input is not JSON.") from error


def _variable(name: object) -> str:
    """Return a variable's name as Python normalizes it: NFKC.

    Names between double underscores have a meaning for the interpreter, and are refused.
    """
    known = normalize("NFKC", name) if isinstance(name, str) and name.isidentifier() else ""
    if not known.isidentifier() or keyword.iskeyword(known) or known.startswith("__"):
        raise UnusableProgram(f"The input's name {str(name)[:80]!r} cannot be a variable.")
    return known
