"""`/workqueue/api/v1.0`: users register transfers and read them, workers do them."""

from contextlib import nullcontext
from threading import BoundedSemaphore

from flask import Blueprint, Response, request

from job_service.lifecycle.errors import NotFound
from job_service.transfers.adapter import Transfers
from job_service.transfers.callers import Callers
from job_service.transfers.outputs import Outputs
from job_service.transfers.paths import respelled
from job_service.transfers.wire import MODELS, Fetch, Monitoring, Outcome, as_transfer
from job_service.transfers.words import JobType
from job_service.transfers.work import Reports, Work
from job_service.web.access import Role, allows, client
from job_service.web.answers import answer
from job_service.web.logs import found_nothing
from job_service.web.request_ids import request_id
from job_service.web.requests import query_choice, read_body, read_object

PREFIX = "/workqueue/api/v1.0"
#: Room for the listing of 100,000 entries with long names.
_LISTING_BYTES = 128_000_000
#: Only a few bodies larger than this are read at a time, so that memory is bounded; others wait.
_LARGE_BYTES = 1_000_000
_LARGE_AT_ONCE = 2
_PAUSE_RETRY = 5


def user_routes(transfers: Transfers, callers: Callers) -> Blueprint:
    """Return the routes by which users register and read jobs."""
    routes = Blueprint("transfers", __name__, url_prefix=PREFIX)

    @routes.post("/jobs")
    @allows(Role.USER)
    def submit() -> Response:
        user = callers.user()
        return answer(transfers.submit(*as_transfer(read_object(spelled=respelled)), user, request_id()))

    @routes.post("/<any(list, copy, remove, rename, mkdir):verb>")
    @allows(Role.USER)
    def submit_typed(verb: str) -> Response:
        user, job_type = callers.user(), JobType[verb.upper()]
        return answer(transfers.submit(job_type, read_body(MODELS[job_type], spelled=respelled), user, request_id()))

    @routes.get("/jobs")
    @allows(Role.USER)
    def jobs() -> Response:
        return answer(transfers.jobs(callers.user()))

    @routes.get("/jobs/<int:job_id>")
    @allows(Role.USER)
    def job(job_id: int) -> Response:
        return answer(transfers.job(job_id, callers.user()))

    @routes.get("/jobs/<int:job_id>/status")
    @allows(Role.USER)
    def status(job_id: int) -> Response:
        return answer(transfers.status(job_id, callers.user()))

    return routes


def element_routes(transfers: Transfers, outputs: Outputs, callers: Callers) -> Blueprint:
    """Return the routes of elements and their output."""
    routes = Blueprint("transfer_elements", __name__, url_prefix=f"{PREFIX}/jobs/<int:job_id>")

    @routes.get("/elements")
    @allows(Role.USER)
    def elements(job_id: int) -> Response:
        return answer(transfers.elements(job_id, callers.user()))

    @routes.get("/elements/<int:element_id>")
    @allows(Role.USER)
    def element(job_id: int, element_id: int) -> Response:
        return answer(transfers.element(job_id, element_id, callers.user()))

    @routes.get("/elements/<int:element_id>/status")
    @allows(Role.USER)
    def status(job_id: int, element_id: int) -> Response:
        return answer(transfers.element_status(job_id, element_id, callers.user()))

    @routes.get("/output")
    @allows(Role.USER)
    def output_of_job(job_id: int) -> Response:
        every = query_choice("attempts", {"all", "latest"}) == "all"
        return answer(outputs.of_job(job_id, callers.user(), every=every))

    @routes.get("/elements/<int:element_id>/output")
    @allows(Role.USER)
    def latest_output(job_id: int, element_id: int) -> Response:
        return answer(outputs.of_element(job_id, element_id, -1, callers.user()))

    @routes.get("/elements/<int:element_id>/output/<int(signed=True):attempt>")
    @allows(Role.USER)
    def output(job_id: int, element_id: int, attempt: int) -> Response:
        return answer(outputs.of_element(job_id, element_id, attempt, callers.user()))

    return routes


def worker_routes(work: Work, reports: Reports, callers: Callers) -> Blueprint:
    """Return the routes of workers."""
    routes = Blueprint("transfer_work", __name__, url_prefix=f"{PREFIX}/worker/jobs")
    large = BoundedSemaphore(_LARGE_AT_ONCE)

    @routes.post("")
    @allows(Role.WORK)
    def fetch() -> Response:
        groups, paused = work.fetch(read_body(Fetch), client())
        if groups:
            return answer(groups)
        found_nothing()
        refused = NotFound("Nothing starts at the moment" if paused else "There is no work")
        body = {"message": refused.message, "code": "paused" if paused else refused.code}
        return answer(body, 404, {"Retry-After": str(_PAUSE_RETRY)} if paused else None)

    @routes.put("/<int:job_id>/elements/<int:element_id>")
    @allows(Role.USER)
    def end(job_id: int, element_id: int) -> Response:
        token = callers.element(job_id, element_id)
        request.max_content_length = _LISTING_BYTES
        with nullcontext() if (request.content_length or _LARGE_BYTES) < _LARGE_BYTES else large:
            reports.end(token, lambda: read_body(Outcome, batch=True, spelled=respelled), request_id())
        return answer({"message": "OK"})

    @routes.put("/<int:job_id>/elements/<int:element_id>/monitoring")
    @allows(Role.USER)
    def monitor(job_id: int, element_id: int) -> Response:
        token = callers.element(job_id, element_id)
        return answer({"message": "OK", "action": reports.monitor(token, read_body(Monitoring), request_id())})

    return routes
