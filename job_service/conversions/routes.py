"""`/job`: the tree of available, active and done jobs, by source."""

from flask import Blueprint, Response, request

from job_service.conversions.adapter import Conversions
from job_service.web.access import Role, allows, caller, client
from job_service.web.addresses import path_to
from job_service.web.answers import answer, uncached
from job_service.web.logs import found_nothing
from job_service.web.paging import link_to_next, page_asked_for
from job_service.web.request_ids import request_id
from job_service.web.requests import read_object

_PAGE = 100
_PAUSE_RETRY = {"Retry-After": "5"}


def conversion_routes(conversions: Conversions) -> Blueprint:
    """Return the routes for converters and administrators."""
    routes = Blueprint("conversions", __name__, url_prefix="/job", template_folder="templates")
    routes.after_request(uncached)

    @routes.get("/available")
    @routes.get("/available/<source>", endpoint="take_from")
    @allows(Role.WORK, starts=True)
    def take(source: str | None = None) -> Response:
        job, paused = conversions.take(client(), source)
        if job is not None:
            return answer(job)
        found_nothing()
        nothing = {"message": "There is no available job", "code": "not-found"}
        return answer(nothing, 404, _PAUSE_RETRY if paused else {})

    @routes.post("/available/<source>")
    @routes.post("/available/<source>/<job_id>", endpoint="submit_as")
    @allows(Role.SUBMIT)
    def submit(source: str, job_id: str | None = None) -> Response:
        made = conversions.submit(source, read_object(), job_id, request_id())
        return answer(made, 201, {"Location": path_to(f"/job/available/{source}/{made['id']}")})

    @routes.post("/done/<source>/<job_id>")
    @allows(Role.WORK, Role.OPERATE)
    def finish(source: str, job_id: str) -> Response:
        conversions.finish(source, job_id, client())
        return answer({"message": "OK"})

    @routes.get("/active/<source>/<job_id>")
    @allows(Role.VIEW, Role.WORK)
    def active(source: str, job_id: str) -> Response:
        # This request is the converter's heartbeat; that of a caller who may only read does not renew the lease.
        if request.method == "HEAD" and Role.WORK in caller().roles:
            conversions.keep(source, job_id, client())
        return answer(conversions.read("active", source, job_id))

    _add_tree(routes, conversions)
    return routes


def _add_tree(routes: Blueprint, conversions: Conversions) -> None:
    @routes.get("")
    @allows(Role.VIEW)
    def tree() -> Response:
        return answer(conversions.counts())

    @routes.get("/<any(active, done):branch>")
    @allows(Role.VIEW)
    def counts(branch: str) -> Response:
        return answer(conversions.counts()[branch])

    @routes.get("/<any(active, done):branch>/<source>")
    @allows(Role.VIEW)
    def page(branch: str, source: str) -> Response:
        limit, before = page_asked_for()
        found = conversions.page(branch, source, before, limit or _PAGE)
        return answer(found, headers=link_to_next(found[-1]["id"]) if len(found) == (limit or _PAGE) else {})

    @routes.get("/<any(available, done):branch>/<source>/<job_id>")
    @allows(Role.VIEW)
    def read(branch: str, source: str, job_id: str) -> Response:
        return answer(conversions.read(branch, source, job_id))
