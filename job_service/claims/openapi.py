"""The description of `/claims`."""

from job_service.claims.wire import Claimed, ClaimRequest, Update, Updated, UpdatedMany, Updates
from job_service.claims.workers import DrainState
from job_service.lifecycle.view import CoreJob
from job_service.mongo.watching.overseeing import AtWork
from job_service.web.operations import Operation, Parameter, Section

_DELAY = Parameter("delay", {"type": "integer", "minimum": 0, "maximum": 2_592_000}, "Not before these seconds.")

CLAIMS = Section(
    "claims",
    "Workers of any kind take jobs, and tell of them.",
    (
        Operation(
            "POST /claims",
            "Claim jobs",
            Claimed,
            "Each job goes to exactly one live claim. With `wait` it answers as soon as there is a job.",
            body=ClaimRequest,
            example={"kind": "dataset", "worker": "worker-1", "limit": 2, "leaseSeconds": 60},
        ),
        Operation(
            "PATCH /claims",
            "Update many claimed jobs",
            UpdatedMany,
            "Each item is judged on its own; results come in the order of the items.",
            body=Updates,
            example={"updates": [{"claimId": "my-claim-1", "jobId": "some-job", "progress": 50}]},
        ),
        Operation(
            "PATCH /claims/{claim_id}/jobs/{job_id}",
            "Update a claimed job: a heartbeat, progress, a step, or the end",
            Updated,
            body=Update,
            example={"progress": 50, "log": "half of it"},
            refusals=(409,),
        ),
        Operation(
            "DELETE /claims/{claim_id}/jobs/{job_id}",
            "Release a job, without using up an attempt",
            CoreJob,
            parameters=(_DELAY,),
            refusals=(409,),
        ),
        Operation("GET /workers", "The workers of the last day, those in trouble first", list[AtWork]),
        Operation(
            "POST /workers/{worker}/drain",
            "Give a worker no more jobs",
            DrainState,
            "From the answer on nothing starts for it. What it holds goes on; "
            "each answer to its claims and heartbeats has `drain`.",
            refusals=(409,),
        ),
        Operation("DELETE /workers/{worker}/drain", "Let a worker have jobs again", DrainState),
    ),
)
