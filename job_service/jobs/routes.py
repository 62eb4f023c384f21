"""`/jobs/<jobId>/...` for every kind."""

from flask import Blueprint, Response, request

from job_service.jobs.adapter import Jobs
from job_service.web.access import Role, allows
from job_service.web.addresses import path_to
from job_service.web.answers import answer
from job_service.web.bodies import Body
from job_service.web.request_ids import request_id
from job_service.web.requests import read_body, read_nothing


class Cancellation(Body):
    """`POST /jobs/<jobId>/cancel`: whether to wait for the job's worker; by default, for one that hears of it."""

    now: bool | None = None


def job_routes(jobs: Jobs) -> Blueprint:
    """Return the routes of one job, whatever its kind."""
    routes = Blueprint("jobs", __name__)

    @routes.get("/jobs/<job_id>/explain")
    @allows(Role.VIEW)
    def explain(job_id: str) -> Response:
        return answer(jobs.explain(job_id))

    @routes.post("/jobs/<job_id>/cancel")
    @allows(Role.OPERATE, Role.SUBMIT)
    def cancel(job_id: str) -> Response:
        now = (read_body(Cancellation) if request.get_data() else Cancellation()).now
        return answer(jobs.cancel(job_id, awaits_worker=None if now is None else not now))

    @routes.post("/jobs/<job_id>/release")
    @allows(Role.OPERATE)
    def release(job_id: str) -> Response:
        read_nothing()
        return answer(jobs.release(job_id, request_id()))

    @routes.post("/jobs/<job_id>/retry")
    @allows(Role.OPERATE, Role.SUBMIT)
    def retry(job_id: str) -> Response:
        read_nothing()
        created = jobs.retry(job_id, request_id())
        return answer(created, 201, {"Location": path_to(f"/jobs/{created['jobId']}")})

    return routes
