"""The core's routes: claims, jobs of any kind, how things are, maintenance, tokens."""

from job_service.claims.wire import ClaimRequest, Update, Updates
from job_service.jobs.routes import Cancellation
from job_service.maintenance.routes import NewMaintenanceStatus
from job_service.openapi.answers import (
    Claimed,
    CoreJob,
    Explanation,
    Health,
    MadeToken,
    MaintenanceStatus,
    Message,
    ShownToken,
    Statistics,
    Updated,
    UpdatedMany,
)
from job_service.openapi.operations import Operation, Parameter
from job_service.tokens.routes import NewToken

_TEXT = {"type": "string"}

CLAIMS = (
    Operation(
        key="POST /claims",
        tag="claims",
        summary="Claim jobs",
        body=ClaimRequest,
        example={"kind": "dataset", "worker": "worker-1", "limit": 2, "leaseSeconds": 60},
        answers={200: Claimed},
        refusals=(429,),
        what="Each job goes to exactly one live claim. With `wait` it answers as soon as there is a job.",
    ),
    Operation(
        key="PATCH /claims",
        tag="claims",
        summary="Update many claimed jobs",
        body=Updates,
        example={"updates": [{"claimId": "my-claim-1", "jobId": "some-job", "progress": 50}]},
        answers={200: UpdatedMany},
        what="Each item is judged on its own; results come in the order of the items.",
    ),
    Operation(
        key="PATCH /claims/{claim_id}/jobs/{job_id}",
        tag="claims",
        summary="Update a claimed job: a heartbeat, progress, a step, or the end",
        body=Update,
        example={"progress": 50, "log": "half of it"},
        answers={200: Updated},
        refusals=(409,),
    ),
    Operation(
        key="DELETE /claims/{claim_id}/jobs/{job_id}",
        tag="claims",
        summary="Give a job back unharmed",
        answers={200: CoreJob},
        parameters=(
            Parameter("delay", {"type": "integer", "minimum": 0, "maximum": 2_592_000}, "Not before these seconds."),
        ),
        refusals=(409,),
    ),
)

JOBS = (
    Operation(
        key="GET /jobs/{job_id}/explain",
        tag="jobs",
        summary="Say why a job is where it is",
        answers={200: Explanation},
    ),
    Operation(
        key="POST /jobs/{job_id}/cancel",
        tag="jobs",
        summary="Cancel a job",
        body=Cancellation,
        body_is_needed=False,
        example={"now": True},
        answers={200: CoreJob},
        refusals=(409,),
        what="A waiting job ends at once; a running one is told at its next heartbeat. With `now` it ends at once, "
        "too; so it does where an old client holds it, which would hear of nothing.",
    ),
    Operation(
        key="POST /jobs/{job_id}/release",
        tag="jobs",
        summary="Take a job from its holder",
        answers={200: CoreJob},
        refusals=(409,),
        what="It waits again; no try is used up. What the holder still says of it is refused.",
    ),
    Operation(
        key="POST /jobs/{job_id}/retry",
        tag="jobs",
        summary="Make a new job like an ended one",
        answers={201: CoreJob},
        refusals=(409,),
        headers={"Location": "The new job."},
    ),
)

WATCHING = (
    Operation(key="GET /stats", tag="watching", summary="Jobs by kind and state, workers", answers={200: Statistics}),
    Operation(
        key="GET /events",
        tag="watching",
        summary="Follow every change of a job",
        answers={200: None},
        media="text/event-stream",
        parameters=(
            Parameter("kind", _TEXT, "Only of this kind."),
            Parameter("jobId", _TEXT, "Only of this job."),
            Parameter("Last-Event-ID", _TEXT, "Go on after this event.", place="header"),
        ),
        refusals=(429,),
    ),
    Operation(
        key="GET /metrics", tag="watching", summary="Figures for Prometheus", answers={200: None}, media="text/plain"
    ),
    Operation(key="GET /health/alive", tag="watching", summary="Say that this instance runs", answers={200: Health}),
    Operation(
        key="GET /health/ready",
        tag="watching",
        summary="Say whether the database answers and can be written",
        answers={200: Health},
    ),
    Operation(
        key="GET /openapi/openapi.json", tag="watching", summary="This description", answers={200: dict[str, object]}
    ),
)

MAINTENANCE = (
    Operation(
        key="POST /maintenance-status",
        tag="maintenance",
        summary="Let nothing start, or let everything start again",
        body=NewMaintenanceStatus,
        example={"msg": "Back at noon", "pause": 1},
        answers={200: MaintenanceStatus},
    ),
    Operation(
        key="GET /maintenance-status", tag="maintenance", summary="The latest status", answers={200: MaintenanceStatus}
    ),
    Operation(
        key="GET /maintenance-history",
        tag="maintenance",
        summary="All statuses, newest first",
        answers={200: list[MaintenanceStatus]},
    ),
)

TOKENS = (
    Operation(
        key="POST /tokens",
        tag="tokens",
        summary="Make a token; its secret is shown only now",
        body=NewToken,
        example={"name": "worker-1", "roles": ["work"]},
        answers={201: MadeToken},
        refusals=(409,),
    ),
    Operation(key="GET /tokens", tag="tokens", summary="The tokens there are", answers={200: list[ShownToken]}),
    Operation(key="DELETE /tokens/{name}", tag="tokens", summary="Revoke a token", answers={200: Message}),
)

OPERATIONS = (*CLAIMS, *JOBS, *WATCHING, *MAINTENANCE, *TOKENS)
