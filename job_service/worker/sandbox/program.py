"""A program and its input, checked and made into the document that `bootstrap` reads."""

import json
import keyword
from typing import Any
from unicodedata import normalize


class UnusableProgram(Exception):
    """The program or its input cannot be handed over; the message says why."""


def encode(code: str, variables: dict[str, Any]) -> bytes:
    """Return the document with the program and its input.

    Raises UnusableProgram for a name that cannot be a variable and for what is not JSON.
    """
    named = {_variable(name): value for name, value in variables.items()}
    if len(named) < len(variables):
        raise UnusableProgram("Two of the input's names are the same variable.")
    try:
        return json.dumps({"code": code, "input": named}, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableProgram("The input is not JSON.") from error


def _variable(name: object) -> str:
    """Return the name that Python knows a variable by, which is NFKC, however a program spells it.

    Names between double underscores steer the interpreter: they are not the user's to set.
    """
    known = normalize("NFKC", name) if isinstance(name, str) and name.isidentifier() else ""
    if not known.isidentifier() or keyword.iskeyword(known) or known.startswith("__"):
        raise UnusableProgram(f"The input's name {str(name)[:80]!r} cannot be a variable.")
    return known
