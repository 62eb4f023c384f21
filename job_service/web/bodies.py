"""Bodies: models of those that come in, JSON of those that go out. Nothing here reads the request."""

from typing import Any, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from job_service.lifecycle.errors import Invalid, TooLarge
from job_service.lifecycle.faults import Fault, shortened

Model = TypeVar("Model", bound=BaseModel)
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
#: The type of pydantic's error for a well-formed text that is longer than allowed (answered with 413).
OVER_ITS_CAP = "over_its_cap"


def capped(most: int) -> AfterValidator:
    """Return a validator that refuses a text of more than `most` characters as too large, not as malformed."""

    def check(text: str) -> str:
        if len(text) > most:
            raise PydanticCustomError(OVER_ITS_CAP, "Too long ({most} characters at most)", {"most": most})
        return text

    return AfterValidator(check)


class Body(BaseModel):
    """The base of every request body: strict, frozen, and without unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def validate(model: type[Model], value: object) -> Model:
    """Return a value as a model, or raise Invalid."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [_fault(detail) for detail in error.errors(include_url=False, include_input=False)]
        kind = TooLarge if all(detail["type"] == OVER_ITS_CAP for detail in error.errors()) else Invalid
        raise kind.of(faults) from None


def _fault(detail: ErrorDetails) -> Fault:
    loc = list(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return {"loc": loc, "msg": f"Unknown field: {shortened(str(loc[-1]))}"}
    if detail["type"] == "model_type":
        # pydantic's own message would name the class.
        return {"loc": loc, "msg": "must be an object"}
    return {"loc": loc, "msg": detail["msg"].removeprefix("Value error, ")}


def dumps(value: Any) -> bytes:
    """Return JSON; times are RFC 3339 in UTC."""
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def _plain(value: Any) -> Any:
    """Return a value as JSON types, for orjson. pymongo reads an object with `$ref` and `$id` as a DBRef; undo that."""
    return dict(value.as_doc()) if hasattr(value, "as_doc") else str(value)
