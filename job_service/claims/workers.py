"""`/workers`: who works, and who is to get no more jobs."""

from datetime import datetime
from typing import NotRequired

from flask import Blueprint, Response
from typing_extensions import TypedDict

from job_service.claims.wire import Name
from job_service.mongo.verbs.maintenance import Maintenance
from job_service.mongo.watching.overseeing import Overseeing
from job_service.web.access import Role, allows, caller
from job_service.web.answers import answer
from job_service.web.bodies import Body, validate


class WorkerName(Body):
    """The name of a worker, as it is in claims."""

    worker: Name


class DrainState(TypedDict):
    """Whether a worker is drained, and if so since when and by whom."""

    worker: str
    drained: bool
    since: NotRequired[datetime]
    setBy: NotRequired[str]


def worker_routes(overseeing: Overseeing, maintenance: Maintenance) -> Blueprint:
    """Return the routes of workers."""
    routes = Blueprint("workers", __name__, url_prefix="/workers")

    @routes.get("")
    @allows(Role.VIEW)
    def workers() -> Response:
        return answer(overseeing.workers())

    @routes.post("/<path:worker>/drain")
    @allows(Role.OPERATE)
    def drain(worker: str) -> Response:
        name = validate(WorkerName, {"worker": worker}).worker
        return answer(DrainState(**maintenance.drain(name, caller().name), drained=True))

    @routes.delete("/<path:worker>/drain")
    @allows(Role.OPERATE)
    def end_drain(worker: str) -> Response:
        maintenance.end_drain(worker)
        return answer(DrainState(worker=worker, drained=False))

    return routes
