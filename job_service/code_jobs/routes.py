"""`/code-jobs` for programs, and the paths that pages and programs share."""

from flask import Blueprint, Response

from job_service.code_jobs.adapter import CodeJobs
from job_service.code_jobs.pages import Pages
from job_service.code_jobs.wire import NewCodeJob, as_user, shown
from job_service.web.access import Role, allows
from job_service.web.addresses import path_to
from job_service.web.answers import answer
from job_service.web.pages import page, wants_page
from job_service.web.paging import link_to_next, page_asked_for
from job_service.web.request_ids import request_id
from job_service.web.requests import query_integer, query_number, read_body

_LONGEST_WAIT = 30
_HIGHEST_NUMBER = 10**18 - 1


def code_routes(jobs: CodeJobs) -> Blueprint:
    """Return the JSON routes."""
    routes = Blueprint("code_jobs", __name__)

    @routes.post("/code-jobs")
    @allows(Role.SUBMIT)
    def submit() -> Response:
        wait = query_number("wait", 0, _LONGEST_WAIT)
        job = jobs.submit(read_body(NewCodeJob), request_id())
        location = {"Location": path_to(f"/code-jobs/{job['number']}")}
        if wait:
            return answer(shown(jobs.when_ended(job, wait)), 201, location)
        return answer({"job_id": job["number"]}, 201, location)

    @routes.get("/code-jobs")
    @allows(Role.VIEW)
    def list_jobs() -> Response:
        return listed(jobs)

    @routes.get("/code-jobs/<int:number>")
    @allows(Role.VIEW)
    def get_job(number: int) -> Response:
        job, wait = jobs.get(number), query_number("wait", 0, _LONGEST_WAIT)
        return answer(shown(jobs.when_ended(job, wait) if wait else job))

    return routes


def listed(jobs: CodeJobs) -> Response:
    """Return the page of jobs that is asked for."""
    limit, before = page_asked_for()
    found = jobs.list(None, before, limit)
    headers = link_to_next(found[-1]["_id"]) if limit and len(found) == limit else {}
    return answer([shown(job) for job in found], headers=headers)


def shared_routes(jobs: CodeJobs, pages: Pages) -> Blueprint:
    """Return the routes that answer a browser with a page, and any other client with JSON."""
    routes = Blueprint("code_pages", __name__, template_folder="templates")

    @routes.get("/jobs/")
    @allows(Role.VIEW)
    @page
    def all_jobs() -> Response | str:
        added = query_integer("added", 1, _HIGHEST_NUMBER)
        return pages.all_jobs(added) if added or wants_page() else answer([shown(job) for job in jobs.list()])

    @routes.post("/jobs/")
    @allows(Role.SUBMIT)
    @page
    def submit() -> Response | tuple[str, int]:
        return pages.submit()

    @routes.get("/jobs/<int:number>")
    @allows(Role.VIEW)
    @page
    def one_job(number: int) -> Response | str:
        job = jobs.get(number)
        return pages.one_job(job) if wants_page() else answer(shown(job))

    @routes.post("/jobs/<int:number>/again")
    @allows(Role.SUBMIT)
    @page
    def again(number: int) -> Response:
        return pages.again(number)

    @routes.get("/users/<numeral:uid>")
    @allows(Role.VIEW)
    @page
    def jobs_of(uid: str) -> Response | str:
        user = as_user(uid)
        return pages.jobs_of(user) if wants_page() else answer([shown(job) for job in jobs.list(user)])

    return routes
