"""Health checks: whether this instance is alive, and whether it is ready."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response

from job_service.web.access import Role, allows
from job_service.web.answers import answer
from job_service.web.present import present


def health_routes(check: Callable[[], None]) -> Blueprint:
    """Return the two routes; `check` raises Unavailable when the database cannot be written."""
    routes = Blueprint("health", __name__, url_prefix="/health")

    @routes.get("/alive")
    @allows(Role.ANYONE)
    def alive() -> Response:
        return answer({"status": "alive"})

    @routes.get("/ready")
    @allows(Role.ANYONE)
    def ready() -> Response:
        check()
        return answer({"status": "ready"})

    return routes


def hold_back(app: Flask, require: Callable[[], None]) -> None:
    """Refuse every request but health checks while `require` raises."""

    def check() -> None:
        if not present().path.startswith("/health/"):
            require()

    app.before_request(check)
