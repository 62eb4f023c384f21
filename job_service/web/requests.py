"""Validation of requests: bodies by models, query parameters by type and range."""

import re
from collections.abc import Callable, Collection, Iterable

from flask import request

from job_service.lifecycle.errors import Invalid, TooLarge, UnsupportedMediaType
from job_service.lifecycle.faults import shortened
from job_service.web import parsing, storable
from job_service.web.bodies import Body, Model, dumps, validate
from job_service.web.present import present
from job_service.web.storable import MAX_NODES

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_NODES_OF_A_BATCH = 5_000_000
#: So many of the allowed words a refusal names: there may be a thousand kinds.
_MOST_NAMED = 20


def read_object(
    *, batch: bool = False, items: str | None = None, spelled: Callable[[bytes], bytes] | None = None
) -> dict[str, object]:
    """Return the JSON object of the request; `batch` allows for thousands of items. Raises Invalid.

    `items` names a list whose items are validated one by one: see `item_check`. `spelled` maps the bytes
    to those that are parsed.
    """
    asked = present()
    limit = asked.max_content_length or parsing.DEFAULT_LIMIT
    body = asked.get_data(cache=False)
    if asked.content_length is None and len(body) >= limit:
        # A chunked body is cut off at the limit, and the rest might happen to be valid JSON.
        raise TooLarge(f"The body is too large ({limit} bytes at most)")
    try:
        return parsing.parse_json(
            spelled(body) if spelled else body,
            asked.content_type,
            asked.environ.get("HTTP_CONTENT_ENCODING"),
            limit=limit if batch else min(limit, parsing.DEFAULT_LIMIT),
            max_nodes=_NODES_OF_A_BATCH if batch else MAX_NODES,
            items=items,
        )
    except parsing.InvalidBody as fault:
        raise Invalid(fault.message, [{"loc": list(fault.loc), "msg": fault.message}]) from None
    except parsing.UnsupportedMediaType as fault:
        raise UnsupportedMediaType(str(fault)) from None
    except parsing.BodyTooLarge as fault:
        raise TooLarge(str(fault)) from None


def read_body(model: type[Model], *, batch: bool = False, spelled: Callable[[bytes], bytes] | None = None) -> Model:
    """Return the body as a model, see `read_object`. Raises Invalid, which names the faulty fields."""
    return validate(model, read_object(batch=batch, spelled=spelled))


def read_batch(model: type[Model], items: str) -> Model:
    """Return the body as a model whose field `items` is a list of anything. Raises Invalid.

    An item of that list that cannot be stored is left to `item_check`, so that the other items are accepted.
    """
    return validate(model, read_object(batch=True, items=items))


def read_nothing() -> None:
    """Refuse a body with any field, on a route that takes no body. Raises Invalid."""
    if request.get_data():
        read_body(Body)


def item_check() -> Callable[[object], None]:
    """Return a check of a batch's items; it raises TooLarge or Invalid for one that could not be a body itself."""
    whole = present().content_length or parsing.DEFAULT_LIMIT + 1
    return _require_item_fits if whole > parsing.DEFAULT_LIMIT else _require_item_read


def _require_item_read(item: object) -> None:
    if isinstance(item, storable.Fault):
        raise Invalid.of([{"loc": list(item.loc), "msg": item.message}])


def _require_item_fits(item: object) -> None:
    _require_item_read(item)
    size = len(dumps(item))
    if size > parsing.DEFAULT_LIMIT:
        raise TooLarge(f"too large ({parsing.DEFAULT_LIMIT} bytes at most)")
    # The body was checked as a whole; an item of it can only be too large, and each value has at least one byte.
    fault = storable.find_fault(item) if size > MAX_NODES else None
    if fault is not None:
        raise Invalid.of([{"loc": list(fault.loc), "msg": fault.message}])


def query_integer(name: str, low: int, high: int, default: int | None = None) -> int | None:
    """Return a whole number of the query string."""
    text = query_text(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
        raise Invalid.field(name, f"must be a whole number from {low} to {high}")
    return int(text)


def query_number(name: str, low: float, high: float) -> float:
    """Return a number of the query string, 0 when it is not given."""
    text = query_text(name)
    if text is None:
        return 0
    if not _NUMBER.fullmatch(text) or not low <= float(text) <= high:
        raise Invalid.field(name, f"must be a number from {low:g} to {high:g}")
    return float(text)


def query_flag(name: str, *, default: bool = False) -> bool:
    """Return a flag of the query string: true or false, in any case."""
    text = query_text(name)
    if text is None:
        return default
    if text.lower() not in {"true", "false"}:
        raise Invalid.field(name, "must be true or false")
    return text.lower() == "true"


def query_text(name: str) -> str | None:
    """Return a parameter of the query string, None if absent. Raises Invalid if it is empty or repeated."""
    text = query_field(name)
    if text == "":
        raise Invalid.field(name, "must not be empty")
    return text


def query_field(name: str) -> str | None:
    """Return a field of a page's form, which may be empty. Raises Invalid if it is repeated.

    Also refused are spellings such as `name[]` or `name[$ne]`, which would pass as unknown parameters and be ignored.
    """
    _refuse_brackets(name)
    values = request.args.getlist(name)
    if len(values) > 1:
        raise Invalid.field(name, "must be given once")
    return values[0] if values else None


def query_choice(name: str, allowed: Collection[str]) -> str | None:
    """Return a parameter that is one of the allowed words, None if absent. Raises Invalid."""
    text = query_text(name)
    return None if text is None else _allowed(name, (text,), allowed)[0]


def query_choices(
    name: str, allowed: Collection[str], *, repeated: bool = True, brackets: bool = False
) -> tuple[str, ...]:
    """Return allowed words, given as `a,b`; `repeated` allows repetition, `brackets` the spelling `name[]`."""
    if not repeated:
        query_text(name)
    _refuse_brackets(name, but=f"{name}[]" if brackets else None)
    given: Iterable[str] = [*request.args.getlist(name), *(request.args.getlist(f"{name}[]") if brackets else ())]
    words = tuple(dict.fromkeys(word.strip() for text in given for word in text.split(",")))
    if "" in words:
        raise Invalid.field(name, f"a value is empty; allowed are {', '.join(sorted(allowed))}")
    return _allowed(name, words, allowed)


def _allowed(name: str, words: tuple[str, ...], allowed: Collection[str]) -> tuple[str, ...]:
    unknown = [word for word in words if word not in allowed]
    if unknown:
        some = sorted(allowed)
        others = f" and {len(some) - _MOST_NAMED} others" if len(some) > _MOST_NAMED else ""
        named = f"{', '.join(some[:_MOST_NAMED])}{others}"
        raise Invalid.field(name, f"unknown value {shortened(unknown[0])!r}; allowed are {named}")
    return words


def _refuse_brackets(name: str, but: str | None = None) -> None:
    for key in request.args:
        if key.startswith(f"{name}[") and key != but:
            raise Invalid.field(name, f"unknown form {shortened(key)!r}")
