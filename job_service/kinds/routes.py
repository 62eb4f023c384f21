"""`/kinds`: the kinds of job that there are, and the jobs that are submitted to them."""

import re

from flask import Blueprint, Response
from pydantic import Field

from job_service.kinds.adapter import KindBook
from job_service.kinds.keys import idempotency_key
from job_service.kinds.submitting import Submitting
from job_service.kinds.users import sending
from job_service.kinds.wire import Definition, Policy
from job_service.lifecycle.definition import shown
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.kind import Kind
from job_service.mongo.verbs.kind_changes import Expected
from job_service.web.access import Role, allows
from job_service.web.answers import answer
from job_service.web.bodies import Body
from job_service.web.present import present
from job_service.web.requests import read_batch, read_body

MOST_JOBS = 100_000
_TAG = re.compile(r"[0-9]{1,9}")


class NewItems(Body):
    """`POST /kinds/<name>/jobs`; each item is validated on its own, so that a bad one does not refuse the others."""

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
        kind = book.get(name)
        if present().if_none_match.contains_weak(str(kind.revision)):
            return Response(status=304, headers=_tag(kind))
        return _answer(kind)

    @routes.post("/<name>/jobs")
    @allows(Role.USER)
    def submit(name: str) -> Response:
        batch = submitting.to(name)
        items = read_batch(NewItems, "jobs").jobs
        results = batch.submit(items, sending(batch.user), idempotency_key())
        return Response(b'{"results":%s}' % results, mimetype="application/json")

    return routes


def _add_changes(routes: Blueprint, book: KindBook) -> None:
    @routes.put("/<name>")
    @allows(Role.ADMIN)
    def put(name: str) -> Response:
        kind, is_new = book.put(name, read_body(Definition), _expected())
        return _answer(kind, 201 if is_new else 200)

    @routes.patch("/<name>")
    @allows(Role.ADMIN)
    def patch(name: str) -> Response:
        return _answer(book.patch(name, read_body(Policy), _expected()))

    @routes.delete("/<name>")
    @allows(Role.ADMIN)
    def delete(name: str) -> Response:
        book.delete(name, _expected())
        return answer({"message": f"OK, {name} deleted"})


def _answer(kind: Kind, status: int = 200) -> Response:
    return answer(shown(kind), status, _tag(kind))


def _tag(kind: Kind) -> dict[str, str]:
    return {"ETag": f'"{kind.revision}"'}


def _expected() -> Expected:
    """Return what `If-Match` and `If-None-Match` demand. Raises Invalid."""
    asked = present()
    if "If-None-Match" in asked.headers:
        if not asked.if_none_match.star_tag:
            raise Invalid.field("If-None-Match", "a change of a kind takes * here, and nothing else")
        return Expected(exists=False)
    if "If-Match" not in asked.headers:
        return Expected()
    if asked.if_match.star_tag:
        return Expected(exists=True)
    # A foreign entity tag matches no revision.
    return Expected(frozenset(int(tag) for tag in asked.if_match.as_set() if _TAG.fullmatch(tag)))
