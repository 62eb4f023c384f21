"""The description of `/jobs/<jobId>/...`, `/stats`, `/events` and the health checks."""

from typing import Literal

from typing_extensions import TypedDict

from job_service.jobs.routes import Cancellation
from job_service.lifecycle.explain import Explanation
from job_service.lifecycle.view import CoreJob
from job_service.mongo.watching.stats import Statistics
from job_service.web.operations import KIND, LOCATION, Operation, Parameter, Section

_TEXT = {"type": "string"}


class Health(TypedDict):
    """The health of this instance."""

    status: Literal["alive", "ready"]


JOBS = Section(
    "jobs",
    "What can be done with a job of any kind.",
    (
        Operation("GET /jobs/{job_id}/explain", "Say why a job is where it is", Explanation),
        Operation(
            "POST /jobs/{job_id}/cancel",
            "Cancel a job",
            CoreJob,
            "A waiting job ends at once; a running one is told at its next heartbeat. With `now` it ends at once, "
            "too; so it does where an old client holds it, which would hear of nothing.",
            body=Cancellation,
            body_is_needed=False,
            example={"now": True},
            refusals=(409,),
        ),
        Operation(
            "POST /jobs/{job_id}/release",
            "Take a job from its holder",
            CoreJob,
            "It waits again; no try is used up. What the holder still says of it is refused.",
            refusals=(409,),
        ),
        Operation(
            "POST /jobs/{job_id}/retry",
            "Make a new job like an ended one",
            CoreJob,
            statuses=(201,),
            headers=LOCATION,
            refusals=(409,),
        ),
    ),
)

WATCHING = Section(
    "watching",
    "How things are, and every change as it happens.",
    (
        Operation("GET /stats", "Jobs by kind and state, workers", Statistics),
        Operation(
            "GET /events",
            "Follow every change of a job",
            None,
            media="text/event-stream",
            parameters=(
                Parameter("kind", KIND, "Only of this kind."),
                Parameter("jobId", _TEXT, "Only of this job."),
                Parameter("Last-Event-ID", _TEXT, "Go on after this event.", place="header"),
            ),
        ),
        Operation("GET /metrics", "Figures for Prometheus", None, media="text/plain"),
        Operation("GET /health/alive", "Say that this instance runs", Health),
        Operation("GET /health/ready", "Say whether the database answers and can be written", Health),
        Operation("GET /openapi/openapi.json", "This description", dict[str, object]),
    ),
)
