"""`/api`: the routes of an encoding farm's dispatcher."""

from flask import Blueprint, Response

from job_service.lifecycle.errors import Invalid
from job_service.transcoding.adapter import TranscodingJobs
from job_service.transcoding.document import INFORMATION
from job_service.transcoding.profiles import ProfileBook
from job_service.transcoding.wire import (
    NewTranscoding,
    NewTranscodingStatus,
    ProfileEdit,
    done,
    read_edit,
    read_options,
    read_word,
    refused,
)
from job_service.web.access import Role, allows, client
from job_service.web.addresses import base_url, path_to
from job_service.web.answers import answer, shape_errors, uncached
from job_service.web.logs import found_nothing
from job_service.web.names import is_name
from job_service.web.request_ids import request_id
from job_service.web.requests import query_integer, read_body, read_object

PREFIX = "/api"
_LONGEST_NAME = 200
_PAGE = 20
_MOST = 10_000
_PAUSE_RETRY = {"Retry-After": "5"}


def api_routes(jobs: TranscodingJobs, book: ProfileBook) -> tuple[Blueprint, ...]:
    """Return the routes; errors under `/api` have a shape of their own."""
    every = (_job_routes(jobs), _worker_routes(jobs, book), _profile_routes(book))
    for routes in every:
        routes.after_request(uncached)
    every[0].record_once(lambda state: shape_errors(state.app, PREFIX, refused))
    return every


def _job_routes(jobs: TranscodingJobs) -> Blueprint:
    routes = Blueprint("transcoding", __name__, url_prefix=PREFIX)

    @routes.get("")
    @allows(Role.VIEW, Role.SUBMIT, Role.WORK)
    def information() -> Response:
        return answer(INFORMATION)

    @routes.post("/job")
    @allows(Role.SUBMIT)
    def add() -> Response:
        number = jobs.add(read_body(NewTranscoding), request_id())
        return answer(done("Job has been added."), headers={"Location": path_to(f"{PREFIX}/getOptions/{number}")})

    @routes.post("/updateJob/<number>")
    @allows(Role.SUBMIT, Role.OPERATE)
    def edit(number: str) -> Response:
        jobs.edit(number, read_edit(read_object()))
        return answer(done("Job has been updated."))

    @routes.delete("/job/<number>")
    @allows(Role.SUBMIT, Role.OPERATE)
    def delete(number: str) -> Response:
        jobs.delete(number, client())
        return answer(done("Job has been deleted."))

    @routes.get("/getJobs")
    @allows(Role.VIEW)
    def list_jobs() -> Response:
        index = query_integer("index", 0, _MOST**2)
        count = query_integer("count", 1, _MOST, None if index is None else _PAGE)
        return answer(jobs.page((index or 0) * (count or 0), count))

    @routes.get("/getOptions/<number>")
    @allows(Role.VIEW)
    def options_of(number: str) -> Response:
        return answer(jobs.options_of(number))

    return routes


def _worker_routes(jobs: TranscodingJobs, book: ProfileBook) -> Blueprint:
    routes = Blueprint("transcoding_work", __name__, url_prefix=PREFIX)

    @routes.get("/fetchJob")
    @allows(Role.WORK, starts=True)
    def fetch() -> Response:
        order, paused = jobs.fetch(client(), base_url())
        if order is not None:
            return answer(order)
        found_nothing()
        empty = refused({"message": "The queue is empty."}, 400)
        return answer(empty, 400, _PAUSE_RETRY if paused else {})

    @routes.post("/setJobStatus")
    @allows(Role.WORK, Role.OPERATE)
    def set_status() -> Response:
        new = read_body(NewTranscodingStatus)
        jobs.set_status(new.id, new.status, client())
        return answer(done("Status has been set."))

    @routes.post("/updateJob")
    @allows(Role.WORK, Role.OPERATE)
    def hear() -> Response:
        return answer(done(jobs.hear(read_word(read_object()), client())))

    @routes.route("/getAttributes", methods=["GET", "POST"])
    @routes.get("/getOptions", endpoint="options")
    @allows(Role.VIEW, Role.WORK)
    def attributes() -> Response:
        return answer(book.options())

    return routes


def _profile_routes(book: ProfileBook) -> Blueprint:
    routes = Blueprint("transcoding_profiles", __name__, url_prefix=PREFIX, template_folder="templates")

    @routes.post("/profile/<path:name>")
    @allows(Role.SUBMIT, Role.OPERATE)
    def add(name: str) -> Response:
        if not is_name(name, _LONGEST_NAME):
            raise Invalid.field("profile_name", f"must be 1 to {_LONGEST_NAME} characters, none a control character")
        book.add(name, read_options(read_object()))
        return answer(done("Profile has been added."))

    @routes.delete("/profile/<path:name>")
    @allows(Role.SUBMIT, Role.OPERATE)
    def delete(name: str) -> Response:
        # For this route `{profile}` is a number, for a new profile a name.
        book.delete(name)
        return answer(done("Profile has been deleted."))

    @routes.get("/getProfiles")
    @allows(Role.VIEW)
    def list_profiles() -> Response:
        return answer(book.all())

    @routes.get("/getProfileOptions/<number>")
    @allows(Role.VIEW)
    def options_of(number: str) -> Response:
        return answer(book.options_of(number))

    @routes.post("/updateProfile")
    @allows(Role.SUBMIT, Role.OPERATE)
    def edit() -> Response:
        book.edit(read_body(ProfileEdit))
        return answer(done("Profile has been updated."))

    return routes
