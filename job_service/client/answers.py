"""Reading answers: the base of every model, and bodies to values or to errors."""

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from job_service.client.errors import Invalid, Refused, Unreadable, kind_of
from job_service.client.request_id import HEADER

T = TypeVar("T")

#: Nobody means a longer pause, and none that is much longer can be waited for.
LONGEST_RETRY_SECONDS = 86_400.0
#: Of where a redirect leads, so much is shown.
LONGEST_LOCATION = 200

Json = Any
JsonObject = dict[str, Any]


class Answer(BaseModel):
    """A model of an answer: camelCase on the wire, snake_case here; fields of newer services are kept."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="allow",
        frozen=True,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    def as_json(self) -> JsonObject:
        """Give the object as it came over the wire."""
        return self.model_dump(mode="json", exclude_unset=True)


class Body(BaseModel):
    """A model of a request: an unknown field is an error before it is sent."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    def as_json(self) -> JsonObject:
        """Give the object as it goes over the wire, without what was not said; raises Invalid where it cannot go."""
        try:
            return self.model_dump(mode="json", exclude_none=True)
        except ValueError as error:
            raise Invalid(f"This cannot be sent as JSON: {error}", code="invalid") from error


B = TypeVar("B", bound=Body)


def made(body: type[B], /, **fields: Any) -> B:
    """Make a body of what a caller said; raises Invalid, as the service would."""
    try:
        return body(**fields)
    except ValidationError as error:
        invalid = Invalid(_first(error), code="invalid")
        invalid.errors = tuple({"loc": list(item["loc"]), "msg": item["msg"]} for item in error.errors())
        raise invalid from error


@lru_cache(maxsize=256)
def _cached_adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def adapter_of(kind: type[T]) -> TypeAdapter[T]:
    """Give the validator of `kind`, built once: building one takes longer than a call."""
    key: Any = kind
    return _cached_adapter(key)


def value_of(adapter: TypeAdapter[T], data: Any) -> T:
    """Read parsed JSON as a value; raises Unreadable."""
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise Unreadable(f"The answer is not what this client expects: {_first(error)}") from error


def json_of(response: httpx.Response) -> Json:
    """Read a body as JSON; raises Unreadable."""
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{response.url.path} did not answer JSON. Is this the job service?") from error


def reading(kind: type[T]) -> Callable[[httpx.Response], T]:
    """Make a reader of bodies that are JSON of this `kind`."""
    adapter = adapter_of(kind)

    def read(response: httpx.Response) -> T:
        return value_of(adapter, json_of(response))

    return read


def nothing(response: httpx.Response) -> None:
    """Read an answer that only says that it was done."""


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"


def refusal(response: httpx.Response) -> Refused:
    """Make the error that an answer is."""
    body = _error_body(response)
    code = body.get("code") if isinstance(body.get("code"), str) else None
    error = kind_of(response.status_code, code)(_message(body, response), status=response.status_code, code=code)
    errors = body.get("errors")
    error.errors = tuple(item for item in errors if isinstance(item, dict)) if isinstance(errors, list) else ()
    error.retry_after = retry_after(response)
    error.request_id = response.headers.get(HEADER)
    return error


def _error_body(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _message(body: Mapping[str, Any], response: httpx.Response) -> str:
    for name in ("message", "msg", "detail"):
        if isinstance(body.get(name), str):
            return str(body[name])
    said = f"{response.status_code} {response.reason_phrase}".strip()
    elsewhere = response.headers.get("Location") if response.is_redirect else None
    return f"{said}, to {elsewhere[:LONGEST_LOCATION]}" if elsewhere else said


def retry_after(response: httpx.Response) -> float | None:
    """Read `Retry-After` in seconds, a day at most; None for what is no time.

    A date counts from the answer's own `Date`, whatever this machine's clock says.
    """
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_RETRY_SECONDS)
    try:
        until, sent = parsedate_to_datetime(value), parsedate_to_datetime(response.headers.get("Date", ""))
        return min(max((until - sent).total_seconds(), 0.0), LONGEST_RETRY_SECONDS)
    except (OverflowError, ValueError, TypeError):
        return None
