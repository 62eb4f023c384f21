"""The maintenance flag: while it is set, nothing starts."""

from datetime import datetime

from job_service.client.answers import Answer, reading
from job_service.client.call import Call
from job_service.client.resource import Action, E, Resource


class MaintenanceStatus(Answer):
    """The flag, its message, and the time of its last change."""

    msg: str
    paused: bool
    timestamp: datetime


class Maintenance(Resource[E]):
    """`client.maintenance`."""

    @Action
    def pause(self, message: str) -> Call[MaintenanceStatus]:
        """Set the flag: once this has answered, no instance starts a job."""
        return _set(message, paused=True)

    @Action
    def resume(self, message: str) -> Call[MaintenanceStatus]:
        """Take the flag away."""
        return _set(message, paused=False)

    @Action
    def status(self) -> Call[MaintenanceStatus]:
        """Read the flag."""
        return Call(method="GET", path="/maintenance-status", parse=reading(MaintenanceStatus))

    @Action
    def history(self) -> Call[list[MaintenanceStatus]]:
        """List the changes of the flag, newest first."""
        return Call(method="GET", path="/maintenance-history", parse=reading(list[MaintenanceStatus]))


def _set(message: str, *, paused: bool) -> Call[MaintenanceStatus]:
    body = {"msg": message, "paused": paused}
    return Call(method="POST", path="/maintenance-status", body=body, parse=reading(MaintenanceStatus))
