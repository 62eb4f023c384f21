"""The error tree, and how answers become errors."""

import re

import httpx
import pytest

from job_service.client import errors
from job_service.client.errors import BY_CODE, BY_STATUS, Refused
from job_service.client.executor import NEVER_SENT, unreachable

CODES = {
    "already-finished",
    "forbidden",
    "idempotency-mismatch",
    "invalid",
    "lease-lost",
    "not-found",
    "paused",
    "ran-too-long",
    "target-busy",
    "too-large",
    "unauthorized",
    "unavailable",
}


def subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def test_the_drawing_shows_every_error_under_its_parent():
    drawn: dict[str, str] = {}
    stack: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if name := re.match(r"^([│├└─ ]*)([A-Z]\w+)( {2,}|$)", line):
            depth = len(name[1]) // 4
            stack[depth:] = [name[2]]
            drawn[name[2]] = stack[depth - 1] if depth else ""
    assert drawn == {"JobServiceError": ""} | {
        kind.__name__: kind.__base__.__name__ for kind in subclasses(errors.JobServiceError)
    }


def test_every_code_of_the_contract_has_its_own_error():
    assert set(BY_CODE) == CODES
    assert len(set(BY_CODE.values())) == len(CODES)


def test_every_error_can_be_reached_by_a_code_or_a_status():
    reachable = {*BY_CODE.values(), *BY_STATUS.values(), errors.ServerFault, Refused}
    assert reachable == {*subclasses(Refused), Refused}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (409, {"message": "m", "code": "lease-lost"}, errors.LeaseLost),
        (409, {"message": "m", "code": "never-heard-of"}, errors.Conflict),
        (409, {"message": "m"}, errors.Conflict),
        (404, {"code": 404, "msg": "m", "result": False}, errors.NotFound),
        (400, {"message": "m"}, errors.Invalid),
        (415, {"message": "m"}, errors.Invalid),
        (429, {"message": "m"}, errors.Unavailable),
        (503, {"message": "m", "code": "unavailable"}, errors.Unavailable),
        (500, {"message": "m"}, errors.ServerFault),
        (405, {"message": "m"}, Refused),
    ],
)
def test_an_answer_becomes_the_error_of_its_code_else_of_its_status(scripted, status, body, kind):
    service = scripted(httpx.Response(status, json=body, headers={"X-Request-ID": "r1"}))
    with pytest.raises(Refused) as caught:
        service.client().maintenance.pause("why")
    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.status, caught.value.request_id) == ("m", status, "r1")


def test_a_code_of_the_wrong_type_is_no_code(scripted):
    service = scripted(httpx.Response(409, json={"code": ["x"], "message": 3}))
    with pytest.raises(errors.Conflict) as caught:
        service.client().maintenance.pause("why")
    assert caught.value.code is None
    assert caught.value.message == "409 Conflict"


def test_an_error_that_is_no_json_is_an_error_all_the_same(scripted):
    service = scripted(httpx.Response(404, text="<h1>nothing here</h1>"))
    with pytest.raises(errors.NotFound, match="404 Not Found"):
        service.client().targets.list()


def test_invalid_lists_what_is_wrong(scripted):
    wrong = {"loc": ["jobs", 0, "target"], "msg": "is missing"}
    service = scripted(httpx.Response(400, json={"message": "m", "errors": [wrong]}))
    with pytest.raises(errors.Invalid) as caught:
        service.client().datasets.submit([])
    assert caught.value.errors == (wrong,)


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json={"jobs": 3})])
def test_an_answer_of_something_else_is_unreadable(scripted, answer):
    with pytest.raises(errors.Unreadable):
        scripted(answer).client().targets.list()


@pytest.mark.parametrize("kind", sorted(subclasses(httpx.RequestError), key=str))
def test_every_failure_of_httpx_becomes_ours(kind):
    error = unreachable(kind("broken"))
    assert isinstance(error, errors.JobServiceError)
    assert error.sent is not issubclass(kind, NEVER_SENT)
