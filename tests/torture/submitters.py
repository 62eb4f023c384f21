"""Those who bring jobs: each function is one turn of one client."""

import uuid
from typing import Any

from tests.torture.caller import Answer, Caller

#: Few enough that submitters meet at them.
POOL = [f"POOL_{number}" for number in range(12)]
SOURCES = ("north", "south")
LISTS = (
    "/jobs?limit=20",
    "/jobs?kind=all&limit=20",
    "/stats",
    "/targets",
    "/job",
    "/api/getJobs",
    "/workqueue/api/v1.0/jobs",
)
TRANSFERS = "/workqueue/api/v1.0"


def submit_datasets(caller: Caller) -> None:
    """Send a batch under a key, some of it twice at once or again much later."""
    rng, key = caller.rng, uuid.uuid4().hex
    own = [f"D_{key[:12].upper()}_{number}" for number in range(rng.randint(1, 4))]
    targets = own + ([rng.choice(POOL)] if rng.random() < 0.5 else [])
    answer = send_batch(caller, key, targets)
    if answer.ok and rng.random() < 0.3:
        job_id = rng.choice(answer.body).get("job_id")
        if job_id:
            caller.do("get", ("GET", f"/jobs/{job_id}"), {"jobId": job_id})
        if job_id and rng.random() < 0.2:
            caller.do("cancel", ("POST", f"/jobs/{job_id}/cancel"), {"jobId": job_id})
    if rng.random() < 0.3:
        caller.pause(rng.choice([0.0, 0.5, 4.0]))
        send_batch(caller, key, targets)


def send_batch(caller: Caller, key: str, targets: list[str]) -> Answer:
    jobs = [{"operation": "ADD", "target": target, "priority": 1 + len(target) % 8} for target in targets]
    asked = {"key": key, "targets": targets}
    return caller.insist("submit", ("POST", "/jobs", {"jobs": jobs}), asked, _results, headers={"Idempotency-Key": key})


def submit_conversion(caller: Caller) -> None:
    """Choose the id, so that the same submission can be sent again: it is there then, which 409 says."""
    source, job_id = caller.rng.choice(SOURCES), str(uuid.uuid4())
    caller.insist(
        "submit-conversion",
        ("POST", f"/job/available/{source}/{job_id}", {"text": "abc"}),
        {"source": source, "id": job_id},
        lambda answer: {"id": answer.body["id"]},
    )


def submit_transcoding(caller: Caller) -> None:
    caller.do(
        "submit-number",
        ("POST", "/api/job", {"Name": "clip", "Options": {"input": "a.mp4", "output": "b.mp4"}}),
        {"kind": "transcoding"},
        lambda answer: {"number": int(answer.headers["Location"].rpartition("/")[2])},
    )


def submit_code(caller: Caller) -> None:
    caller.do(
        "submit-number",
        ("POST", "/code-jobs", {"uid": 1, "code": "print(1)"}),
        {"kind": "code"},
        lambda answer: {"number": answer.body["job_id"]},
    )


def submit_transfer(caller: Caller) -> None:
    verb = caller.rng.choice(["copy", "copy", "remove", "list"])
    body: dict[str, Any] = {"src_siteid": 1, "src_filepath": "~/tree", "max_tries": 3}
    if verb == "copy":
        body |= {"dst_siteid": 2, "dst_filepath": "~/copy"}
    caller.do(
        "submit-number",
        ("POST", f"{TRANSFERS}/{verb}", body),
        {"kind": "transfer", "verb": verb},
        lambda answer: {"number": answer.body["id"]},
    )


def read_lists(caller: Caller) -> None:
    """Look at lists and pages as people do; what matters is that every answer is one."""
    path = caller.rng.choice(
        [
            "/jobs?limit=20",
            "/jobs?kind=all&limit=20",
            "/stats",
            "/targets",
            "/job",
            "/api/getJobs",
            "/maintenance-status",
        ]
    )
    caller.do("read", ("GET", path), {"path": path})


def _results(answer: Answer) -> list[dict[str, str]]:
    results: list[dict[str, str]] = answer.body
    return results
