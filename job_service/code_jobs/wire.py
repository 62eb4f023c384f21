"""Bodies of the code jobs' API, and the validation of a program and its input."""

import keyword
import re
from typing import Annotated, Any, Literal, NotRequired
from unicodedata import normalize

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from typing_extensions import TypeAliasType, TypedDict

from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import Job
from job_service.web.bodies import Body

MOST_CODE_CHARACTERS = 256_000
BYTE_ORDER_MARK = "\ufeff"
MOST_NAMES = 1_000
_DIGITS = re.compile(r"[0-9]{1,99}")


def check_code(code: object) -> object:
    """Return a program's text. Raises ValueError for one that Python could not read."""
    if not isinstance(code, str):
        return code
    if not code.removeprefix(BYTE_ORDER_MARK).strip():
        raise ValueError("The program is empty")
    if "\0" in code:
        raise ValueError("A program holds no NUL characters")
    return code


def check_names(given: object) -> object:
    """Return an input by Python's names of its variables, which are NFKC-normalized. Raises ValueError."""
    if not isinstance(given, dict):
        raise ValueError("must be a JSON object, whose names become variables")  # noqa: TRY004  pydantic's own word
    variables: dict[str, object] = {}
    written: dict[str, str] = {}
    for name, value in given.items():
        variable = normalize("NFKC", name) if isinstance(name, str) and name.isidentifier() else ""
        if not variable.isidentifier() or keyword.iskeyword(variable) or variable.startswith("__"):
            raise ValueError(f"{name!r} can not be the name of a variable")
        if variable in variables:
            raise ValueError(f"{written[variable]!r} and {name!r} are, to Python, the same variable: {variable}")
        variables[variable], written[variable] = value, name
    return variables


_USERS_END = 2**63
UserId = Annotated[int, Field(gt=0, lt=_USERS_END)]
Code = Annotated[str, BeforeValidator(check_code), StringConstraints(max_length=MOST_CODE_CHARACTERS)]
Input = Annotated[dict[str, Any], BeforeValidator(check_names), Field(max_length=MOST_NAMES)]


class NewCodeJob(Body):
    """`POST /code-jobs`: the program as text, or the name of a file of CODE_DIR."""

    uid: UserId
    code: Code | None = None
    file: Annotated[str, StringConstraints(max_length=200)] | None = None
    input: Input = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_program(self) -> "NewCodeJob":
        if (self.code is None) == (self.file is None):
            raise ValueError("Either code or file is required, and not both")
        return self


CodeStatus = TypeAliasType("CodeStatus", Literal["DONE", "ERROR", "WAITING", "RUNNING"])


class CodeJob(TypedDict):
    """A program and its result."""

    job_id: int
    uid: int
    status: CodeStatus
    result: Any
    log: list[str]


class SubmittedCodeJob(TypedDict):
    """The number of a new program; where the request waited, its result as well."""

    job_id: int
    uid: NotRequired[int]
    status: NotRequired[CodeStatus]
    result: NotRequired[Any]
    log: NotRequired[list[str]]


def as_user(text: str) -> int:
    """Return a user's number, given in ASCII digits. Raises Invalid, which names `uid`."""
    digits = text.lstrip("0")
    number = int(digits) if _DIGITS.fullmatch(digits) else 0
    if not 0 < number < _USERS_END:
        more = f" and less than {_USERS_END}" if number else ""
        raise Invalid.field("uid", f"must be an integer greater than 0{more}")
    return number


def shown(job: Job) -> dict[str, Any]:
    """Return a job as its clients know it; the last line of its log says why it failed."""
    return {
        "job_id": job["number"],
        "uid": job["parameters"]["uid"],
        "status": job["status"],
        "result": job.get("result"),
        "log": [entry["message"] for entry in job["log"] if not entry["message"].startswith("Set status: ")],
    }
