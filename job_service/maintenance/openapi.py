"""The description of the maintenance flag's routes."""

from job_service.maintenance.routes import NewMaintenanceStatus
from job_service.mongo.verbs.maintenance import MaintenanceStatus
from job_service.web.operations import Operation, Section

MAINTENANCE = Section(
    "maintenance",
    "Whether anything may start.",
    (
        Operation(
            "POST /maintenance-status",
            "Let nothing start, or let everything start again",
            MaintenanceStatus,
            body=NewMaintenanceStatus,
            example={"msg": "Back at noon", "pause": 1},
        ),
        Operation("GET /maintenance-status", "The latest status", MaintenanceStatus),
        Operation("GET /maintenance-history", "All statuses, newest first", list[MaintenanceStatus]),
    ),
)
