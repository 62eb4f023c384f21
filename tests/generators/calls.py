"""What is asked of a service with a generated client: each answer must arrive whole, with all fields that were sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One operation; `arguments` are made of the answers of the calls before, by operation."""

    tag: str
    operation: str
    model: str = ""
    body: Callable[[Answers], dict[str, Any]] | None = None
    arguments: Callable[[Answers], dict[str, Any]] = field(default=lambda _answers: {})


def _dataset_job(answers: Answers) -> dict[str, Any]:
    return {"job_id": answers["post_jobs"][0]["job_id"]}


def _code_job(answers: Answers) -> dict[str, Any]:
    return {"number": answers["post_code_jobs"]["job_id"]}


def _held(answers: Answers) -> dict[str, Any]:
    [claim] = answers["post_claims"]["claims"]
    return {"claim_id": claim["claimId"], "job_id": claim["job"]["jobId"]}


def _heard(answers: Answers) -> dict[str, Any]:
    held = _held(answers)
    return {"updates": [{"claimId": held["claim_id"], "jobId": held["job_id"], "progress": 60}]}


def _transfer(answers: Answers) -> dict[str, Any]:
    return {"job_id": answers["post_workqueue_api_v1_0_copy"]["id"]}


def _element(answers: Answers) -> dict[str, Any]:
    return {**_transfer(answers), "element_id": 0}


COPY = {"src_siteid": 1, "src_filepath": "/data/a.dat", "dst_siteid": 2, "dst_filepath": "/data/b.dat"}

CALLS = (
    Call("watching", "get_health_alive"),
    Call("watching", "get_health_ready"),
    Call("dataset", "post_jobs", "NewDatasetJobs", lambda _: {"jobs": [{"operation": "ADD", "target": "INCOME"}]}),
    Call("dataset", "get_jobs", arguments=lambda _: {"ignore_completed": True}),
    Call("dataset", "get_jobs_job_id", arguments=_dataset_job),
    Call("jobs", "get_jobs_job_id_explain", arguments=_dataset_job),
    Call("claims", "post_claims", "ClaimRequest", lambda _: {"kind": "dataset", "worker": "w", "wait": 0.5}),
    Call("claims", "patch_claims_claim_id_jobs_job_id", "Update", lambda _: {"progress": 50, "log": "half"}, _held),
    Call("claims", "patch_claims", "Updates", _heard),
    Call("dataset", "get_jobs_job_id", arguments=_dataset_job),
    Call(
        "claims", "patch_claims_claim_id_jobs_job_id", "Update", lambda _: {"status": "completed", "result": [1]}, _held
    ),
    Call("dataset", "get_jobs_job_id", arguments=lambda answers: {**_dataset_job(answers), "wait": 5}),
    Call("dataset", "get_jobs", arguments=lambda _: {"target": "INCOME", "status": ["completed"], "limit": 5}),
    Call("dataset", "get_targets"),
    Call("dataset", "get_targets_name", arguments=lambda _: {"name": "INCOME"}),
    Call("dataset", "get_targets_name_jobs", arguments=lambda _: {"name": "INCOME"}),
    Call("jobs", "post_jobs_job_id_retry", arguments=_dataset_job),
    Call("code", "post_code_jobs", "NewCodeJob", lambda _: {"uid": 1, "code": "print(1)"}, lambda _: {"wait": 10}),
    Call("code", "get_code_jobs_number", arguments=_code_job),
    Call("code", "get_code_jobs", arguments=lambda _: {"limit": 2}),
    Call("code", "get_users_uid", arguments=lambda _: {"uid": 1}),
    Call("dataset", "get_jobs_job_id", arguments=lambda answers: {"job_id": str(_code_job(answers)["number"])}),
    Call("transfer", "post_workqueue_api_v1_0_copy", "NewCopy", lambda _: COPY),
    Call("transfer", "post_workqueue_api_v1_0_jobs", "NewOfAnyType", lambda _: {"type": 1, **COPY}),
    Call("transfer", "get_workqueue_api_v1_0_jobs"),
    Call("transfer", "get_workqueue_api_v1_0_jobs_job_id", arguments=_transfer),
    Call("transfer", "get_workqueue_api_v1_0_jobs_job_id_status", arguments=_transfer),
    Call("transfer", "get_workqueue_api_v1_0_jobs_job_id_elements", arguments=_transfer),
    Call("transfer", "get_workqueue_api_v1_0_jobs_job_id_elements_element_id", arguments=_element),
    Call("transfer", "get_workqueue_api_v1_0_jobs_job_id_elements_element_id_status", arguments=_element),
    Call("transcoding", "get_api"),
    Call("transcoding", "post_api_job", "NewTranscoding", lambda _: {"Name": "film", "Options": {"crf": 23}}),
    Call("transcoding", "get_api_getjobs"),
    Call("transcoding", "get_api_getoptions"),
    Call("transcoding", "get_api_fetchjob"),
    Call("conversion", "get_job"),
    Call("conversion", "get_job_done"),
    Call(
        "maintenance", "post_maintenance_status", "NewMaintenanceStatus", lambda _: {"msg": "Back soon", "pause": True}
    ),
    Call("claims", "post_claims", "ClaimRequest", lambda _: {"kind": "dataset", "worker": "w"}),
    Call("maintenance", "get_maintenance_status"),
    Call("maintenance", "get_maintenance_history"),
    Call("watching", "get_stats"),
    Call("watching", "get_metrics"),
    Call("watching", "get_openapi_openapi_json"),
    Call("tokens", "get_tokens"),
    Call("tokens", "post_tokens", "NewToken", lambda _: {"name": "worker-1", "roles": ["work"]}),
)
