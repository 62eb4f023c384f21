"""`/kinds`: the kinds of job that there are, and the jobs that are submitted to them."""

import re

from flask import Blueprint, Response
from pydantic import Field

from job_service.kinds.adapter import KindBook
from job_service.kinds.keys import idempotency_key
from job_service.kinds.submitting import Submitting
from job_service.kinds.wire import Definition, Policy
from job_service.lifecycle.errors import Invalid, PreconditionFailed
from job_service.mongo.verbs.kinds import Expected
from job_service.web.access import Role, allows
from job_service.web.answers import answer
from job_service.web.present import present
from job_service.web.request_ids import request_id
from job_service.web.requests import Body, read_batch, read_body

MOST_JOBS = 100_000
_TAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


class NewItems(Body):
    """`POST /kinds/<name>/jobs`; each item is judged on its own, so that a bad one spoils no other."""

    jobs: list[object] = Field(max_length=MOST_JOBS)


def kind_routes(book: KindBook, submitting: Submitting) -> Blueprint:
    """Return the routes of kinds."""
    routes = Blueprint("kinds", __name__, url_prefix="/kinds")
    _add_changes(routes, book)

    @routes.get("")
    @allows(Role.VIEW, Role.WORK, Role.SUBMIT)
    def all_kinds() -> Response:
        return answer(book.all())

    @routes.get("/<name>")
    @allows(Role.VIEW, Role.WORK, Role.SUBMIT)
    def get(name: str) -> Response:
        shown, revision = book.get(name)
        if present().headers.get("If-None-Match", "") == _tag(revision):
            return Response(status=304, headers={"ETag": _tag(revision)})
        return answer(shown, headers={"ETag": _tag(revision)})

    @routes.post("/<name>/jobs")
    @allows(Role.USER)
    def submit(name: str) -> Response:
        batch = submitting.to(name, request_id())
        results = batch.submit(read_batch(NewItems, "jobs").jobs, idempotency_key())
        return Response(b'{"results":%s}' % results, mimetype="application/json")

    return routes


def _add_changes(routes: Blueprint, book: KindBook) -> None:
    @routes.put("/<name>")
    @allows(Role.ADMIN)
    def put(name: str) -> Response:
        shown, revision, is_new = book.put(name, read_body(Definition), _expected())
        return answer(shown, 201 if is_new else 200, {"ETag": _tag(revision)})

    @routes.patch("/<name>")
    @allows(Role.ADMIN)
    def patch(name: str) -> Response:
        shown, revision = book.patch(name, read_body(Policy), _expected())
        return answer(shown, headers={"ETag": _tag(revision)})

    @routes.delete("/<name>")
    @allows(Role.ADMIN)
    def delete(name: str) -> Response:
        book.delete(name, _expected())
        return answer({"message": f"OK, {name} deleted"})


def _tag(revision: int) -> str:
    return f'"{revision}"'


def _expected() -> Expected:
    """Return what `If-Match` and `If-None-Match` demand. Raises Invalid, and PreconditionFailed for another tag."""
    asked, absent = present().headers.get("If-Match"), present().headers.get("If-None-Match")
    if absent is not None and absent.strip() != "*":
        raise Invalid.field("If-None-Match", "a change of a kind takes * here, and nothing else")
    if asked is None or asked.strip() == "*":
        return Expected(absent=absent is not None)
    tag = _TAG.fullmatch(asked.strip())
    if tag is None:
        raise PreconditionFailed("The kind was changed, or deleted, meanwhile: read it again")
    return Expected(int(tag[1]), absent=absent is not None)
