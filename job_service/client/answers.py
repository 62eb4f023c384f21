"""Reads answers: the base classes of the models, and the parsing of bodies into values or errors."""

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

#: The longest `Retry-After` in seconds: a day.
LONGEST_RETRY_SECONDS = 86_400.0
#: Most characters of a redirect's target in a message.
LONGEST_LOCATION = 200

Json = Any
JsonObject = dict[str, Any]


class Answer(BaseModel):
    """A model of an answer: camelCase on the wire, snake_case here; unknown fields, of newer services, are kept."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="allow",
        frozen=True,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    def as_json(self) -> JsonObject:
        """Return the JSON object as it was received."""
        return self.model_dump(mode="json", exclude_unset=True)


class Body(BaseModel):
    """A model of a request's body: an unknown field is an error before the request is sent."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    def as_json(self) -> JsonObject:
        """Return the JSON object to send, without unset fields; raises Invalid where a value is no JSON."""
        try:
            return self.model_dump(mode="json", exclude_none=True)
        except ValueError as error:
            raise Invalid(f"This cannot be sent as JSON: {error}", code="invalid") from error


B = TypeVar("B", bound=Body)


def made(body: type[B], /, **fields: Any) -> B:
    """Make a body of a caller's arguments; raises Invalid, as the service would."""
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
    """Return the validator of a type, cached, since building one takes longer than a call."""
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
    """Return a parser of bodies that are JSON of this type."""
    adapter = adapter_of(kind)

    def read(response: httpx.Response) -> T:
        return value_of(adapter, json_of(response))

    return read


def nothing(response: httpx.Response) -> None:
    """Parse an answer whose body does not matter."""


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"


def refusal(response: httpx.Response) -> Refused:
    """Return the error for an answer."""
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
    """Read `Retry-After` in seconds, a day at most; None for an invalid one.

    A date is compared with the answer's own `Date`, not with this machine's clock.
    """
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_RETRY_SECONDS)
    try:
        until, sent = parsedate_to_datetime(value), parsedate_to_datetime(response.headers.get("Date", ""))
        return min(max((until - sent).total_seconds(), 0.0), LONGEST_RETRY_SECONDS)
    except (OverflowError, ValueError, TypeError):
        return None
