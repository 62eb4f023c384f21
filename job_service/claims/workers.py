"""`/workers`: who works, and who is to get no more jobs."""

from datetime import datetime
from typing import NotRequired

from flask import Blueprint, Response
from typing_extensions import TypedDict

from job_service.claims.wire import LONGEST_NAME
from job_service.lifecycle.errors import NotFound
from job_service.lifecycle.faults import shortened
from job_service.mongo.verbs.maintenance import Maintenance
from job_service.mongo.watching.overseeing import Overseeing
from job_service.web.access import Role, allows, caller
from job_service.web.answers import answer
from job_service.web.names import is_name


class DrainState(TypedDict):
    """Whether a worker is drained, and if so since when and by whom."""

    worker: str
    drained: bool
    since: NotRequired[datetime]
    setBy: NotRequired[str]


def possible(worker: str) -> str:
    """Return the name of a worker. Raises NotFound for a name that no claim can have."""
    if not is_name(worker, LONGEST_NAME):
        raise NotFound(f"No worker can have the name {shortened(worker)!r}")
    return worker


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
        return answer(DrainState(**maintenance.drain(possible(worker), caller().name), drained=True))

    @routes.delete("/<path:worker>/drain")
    @allows(Role.OPERATE)
    def end_drain(worker: str) -> Response:
        maintenance.end_drain(worker)
        return answer(DrainState(worker=worker, drained=False))

    return routes
