"""`/maintenance-status` and `/maintenance-history`."""

from typing import Annotated, Any, Literal

from flask import Blueprint, Response
from pydantic import BeforeValidator, Field, model_validator

from job_service.mongo.verbs.maintenance import Maintenance
from job_service.web.access import Role, allows, caller
from job_service.web.answers import answer
from job_service.web.bodies import Body
from job_service.web.requests import read_body


def _as_flag(value: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, int) and value in {0, 1}):
        return bool(value)
    raise ValueError("must be 0, 1, true or false")


Flag = Annotated[bool, BeforeValidator(_as_flag, json_schema_input_type=bool | Literal[0, 1])]


class NewMaintenanceStatus(Body):
    """`POST /maintenance-status`: `pause` or `paused`, and a message for the claims that are refused meanwhile."""

    msg: str = Field(max_length=10_000)
    pause: Flag | None = None
    paused: Flag | None = None

    @model_validator(mode="after")
    def _one_flag(self) -> "NewMaintenanceStatus":
        if (self.pause is None) == (self.paused is None):
            raise ValueError("pause is required, once, as 0, 1, true or false")
        return self

    @property
    def stops(self) -> bool:
        """Say whether the flag is to be set."""
        return bool(self.pause or self.paused)


def maintenance_routes(maintenance: Maintenance) -> Blueprint:
    """Return the routes of the maintenance flag."""
    routes = Blueprint("maintenance", __name__)

    @routes.post("/maintenance-status")
    @allows(Role.OPERATE)
    def set_status() -> Response:
        new = read_body(NewMaintenanceStatus)
        return answer(maintenance.set(paused=new.stops, msg=new.msg, set_by=caller().name))

    @routes.get("/maintenance-status")
    @allows(Role.VIEW, Role.SUBMIT, Role.WORK)
    def status() -> Response:
        return answer(maintenance.status())

    @routes.get("/maintenance-history")
    @allows(Role.VIEW)
    def history() -> Response:
        return answer(maintenance.history())

    return routes
