"""What each method sends, and an answer it can read: used by the tests of both clients."""

from typing import Any

JOB = {"jobId": "j1", "state": "queued", "kind": "dataset"}
DATASET_JOB = {
    "jobId": "j1",
    "status": "queued",
    "parameters": {"operation": "ADD", "target": "A"},
    "log": [{"at": "2026-11-22T10:00:00Z", "message": "m"}],
    "createdAt": "2026-11-22T10:00:00Z",
    "createdBy": {"userId": "u", "firstName": "f", "lastName": "l"},
}
TARGET = {"name": "A", "lastUpdatedAt": "2026-11-22T10:00:00Z", "status": "completed", "action": ["ADD"]}
FLAG = {"msg": "m", "paused": True, "timestamp": "2026-11-22T10:00:00Z"}
CONVERSION = {"id": "i", "source": "s", "job": {}}
STANDING = {"action": "continue", "leaseExpiresAt": "2026-11-22T10:00:00Z", "nextHeartbeatSeconds": 20}
SAID: dict[str, Any] = {"code": 200, "msg": "done", "result": True}
QUEUE = "/workqueue/api/v1.0"
PATHS = {"src_siteid": 1, "src_filepath": "a"}
TO = {"dst_siteid": 2, "dst_filepath": "b"}

TRANSFER = {
    "id": 1,
    "user_id": 3,
    "type": "COPY",
    "status": "NEW",
    "src_siteid": 1,
    "src_filepath": "a",
    "protocol": "SSH",
    "priority": 5,
    "extra_opts": {},
    "log_uid": "u",
    "timestamp": "2026-11-22T10:00:00Z",
    "brand_new": "kept",
}
ELEMENT = {
    "id": 0,
    "job_id": 1,
    "type": "COPY",
    "status": "NEW",
    "src_filepath": "a",
    "size": 0,
    "attempts": 0,
    "max_tries": 3,
    "timestamp": "2026-11-22T10:00:00Z",
}
WORK = {
    "id": 1,
    "type": 1,
    "protocol": 0,
    "src_siteid": 1,
    "extra_opts": {},
    "elements": [{**ELEMENT, "type": 1, "status": 3, "token": "t"}],
}
OUTPUT = {"jobid": 1, "elementid": 0, "attempt": 1, "type": "COPY", "status": "DONE", "log": "it ran"}

#: (what is called, the request line, the body, the answer)
ROUTES: list[tuple[Any, str, Any, Any]] = [
    (lambda c: c.datasets.submit([{"operation": "ADD"}]), "POST /jobs", {"jobs": [{"operation": "ADD"}]}, []),
    (lambda c: c.datasets.get("a/b", wait=5), "GET /jobs/a%2Fb?wait=5", None, DATASET_JOB),
    (lambda c: c.datasets.update("j", status="failed", log="x"), "PUT /jobs/j", {"status": "failed", "log": "x"}, {}),
    (lambda c: c.datasets.importable(), "GET /importable-datasets", None, []),
    (lambda c: c.datasets.delete_importable("A"), "DELETE /importable-datasets/A", None, {"message": "OK"}),
    (lambda c: c.targets.list(), "GET /targets", None, [TARGET]),
    (lambda c: c.targets.get("A"), "GET /targets/A", None, TARGET),
    (lambda c: c.targets.jobs("A"), "GET /targets/A/jobs", None, [DATASET_JOB]),
    (lambda c: c.maintenance.pause("m"), "POST /maintenance-status", {"msg": "m", "paused": True}, FLAG),
    (lambda c: c.maintenance.resume("m"), "POST /maintenance-status", {"msg": "m", "paused": False}, FLAG),
    (lambda c: c.maintenance.status(), "GET /maintenance-status", None, FLAG),
    (lambda c: c.maintenance.history(), "GET /maintenance-history", None, [FLAG]),
    (lambda c: c.claims.update("c", "j", progress=3), "PATCH /claims/c/jobs/j", {"progress": 3}, STANDING),
    (
        lambda c: c.claims.update("c", "j", status="failed", error="No such file"),
        "PATCH /claims/c/jobs/j",
        {"status": "failed", "error": "No such file"},
        STANDING,
    ),
    (lambda c: c.jobs.get(".."), "GET /jobs/%2E%2E?kind=all", None, JOB),
    (lambda c: c.claims.update_many([]), "PATCH /claims", {"updates": []}, {"results": []}),
    (lambda c: c.claims.release("c", "j", delay=2), "DELETE /claims/c/jobs/j?delay=2", None, JOB),
    (lambda c: c.jobs.get("j"), "GET /jobs/j?kind=all", None, JOB),
    (
        lambda c: c.jobs.explain("j"),
        "GET /jobs/j/explain",
        None,
        {"jobId": "j", "state": "queued", "claimable": True, "reasons": []},
    ),
    (lambda c: c.jobs.cancel("j"), "POST /jobs/j/cancel", None, JOB),
    (lambda c: c.jobs.cancel("j", now=True), "POST /jobs/j/cancel", {"now": True}, JOB),
    (lambda c: c.jobs.release("j"), "POST /jobs/j/release", None, JOB),
    (lambda c: c.jobs.retry("j"), "POST /jobs/j/retry", None, JOB),
    (lambda c: c.service.stats(), "GET /stats", None, {"kinds": {}, "workers": [], "paused": None}),
    (lambda c: c.service.alive(), "GET /health/alive", None, {"status": "alive"}),
    (lambda c: c.service.ready(), "GET /health/ready", None, {"status": "ready"}),
    (lambda c: c.service.metrics(), "GET /metrics", None, {}),
    (lambda c: c.service.openapi(), "GET /openapi/openapi.json", None, {}),
    (
        lambda c: c.tokens.create("w", ["work"]),
        "POST /tokens",
        {"name": "w", "roles": ["work"]},
        {"name": "w", "token": "secret"},
    ),
    (
        lambda c: c.tokens.create_for_user("u", 7),
        "POST /tokens",
        {"name": "u", "user": 7},
        {"name": "u", "token": "secret"},
    ),
    (lambda c: c.tokens.list(), "GET /tokens", None, []),
    (lambda c: c.tokens.revoke("w"), "DELETE /tokens/w", None, {}),
    (lambda c: c.transcoding.info(), "GET /api", None, {}),
    (
        lambda c: c.transcoding.submit("n", {"k": "v"}, profile="p", priority=1),
        "POST /api/job",
        {"Name": "n", "Options": {"k": "v"}, "Profile": "p", "priority": 1},
        SAID,
    ),
    (lambda c: c.transcoding.update(1, name="n"), "POST /api/updateJob/1", {"Options": {}, "Name": "n"}, SAID),
    (lambda c: c.transcoding.delete(1), "DELETE /api/job/1", None, SAID),
    (lambda c: c.transcoding.list(index=0, count=5), "GET /api/getJobs?index=0&count=5", None, []),
    (lambda c: c.transcoding.options_of(1), "GET /api/getOptions/1", None, {}),
    (lambda c: c.transcoding.fetch(), "GET /api/fetchJob", None, {}),
    (lambda c: c.transcoding.set_status(1, "todo"), "POST /api/setJobStatus", {"id": 1, "status": "todo"}, SAID),
    (lambda c: c.transcoding.options(), "GET /api/getOptions", None, [{"id": 1, "key": "k", "is_optional": True}]),
    (lambda c: c.transcoding.profiles(), "GET /api/getProfiles", None, [{"id": 1, "name": "n"}]),
    (lambda c: c.transcoding.profile_options(1), "GET /api/getProfileOptions/1", None, {}),
    (lambda c: c.transcoding.add_profile("p", {"k": "v"}), "POST /api/profile/p", {"k": "v"}, SAID),
    (
        lambda c: c.transcoding.update_profile(1, "p", {}),
        "POST /api/updateProfile",
        {"Id": 1, "Name": "p", "Options": {}},
        SAID,
    ),
    (lambda c: c.transcoding.delete_profile(1), "DELETE /api/profile/1", None, SAID),
    (lambda c: c.conversions.submit("s", {"x": 1}), "POST /job/available/s", {"x": 1}, CONVERSION),
    (lambda c: c.conversions.submit("s", {}, job_id="i"), "POST /job/available/s/i", {}, CONVERSION),
    (lambda c: c.conversions.take(), "GET /job/available", None, CONVERSION),
    (lambda c: c.conversions.take("s"), "GET /job/available/s", None, CONVERSION),
    (lambda c: c.conversions.read("available", "s", "i"), "GET /job/available/s/i", None, CONVERSION),
    (lambda c: c.conversions.read("active", "s", "i"), "GET /job/active/s/i", None, CONVERSION),
    (lambda c: c.conversions.is_active("s", "i"), "HEAD /job/active/s/i", None, {}),
    (lambda c: c.conversions.done("s", "i"), "POST /job/done/s/i", None, {}),
    (lambda c: c.conversions.counts(), "GET /job", None, {}),
    (lambda c: c.conversions.counts_of("done"), "GET /job/done", None, {"s": 1}),
    (
        lambda c: c.code_jobs.submit_code(1, "print(a)", {"a": 1}, wait=3),
        "POST /code-jobs?wait=3",
        {"uid": 1, "code": "print(a)", "input": {"a": 1}},
        {"job_id": 7},
    ),
    (
        lambda c: c.code_jobs.submit_file(1, "x.py"),
        "POST /code-jobs",
        {"uid": 1, "file": "x.py", "input": {}},
        {"job_id": 7},
    ),
    (lambda c: c.code_jobs.get(7), "GET /code-jobs/7", None, {"job_id": 7, "status": "DONE"}),
    (lambda c: c.code_jobs.of_user(3), "GET /users/3", None, []),
    (lambda c: c.transfers.list(1, "a"), f"POST {QUEUE}/list", PATHS, TRANSFER),
    (
        lambda c: c.transfers.copy(1, "a", 2, "b", priority=3),
        f"POST {QUEUE}/copy",
        {**PATHS, **TO, "priority": 3},
        TRANSFER,
    ),
    (
        lambda c: c.transfers.remove(1, "a", extra_opts={"x": 1}),
        f"POST {QUEUE}/remove",
        {**PATHS, "extra_opts": {"x": 1}},
        TRANSFER,
    ),
    (
        lambda c: c.transfers.rename(1, "a", "b"),
        f"POST {QUEUE}/rename",
        {**PATHS, "dst_siteid": 1, "dst_filepath": "b"},
        TRANSFER,
    ),
    (
        lambda c: c.transfers.mkdir(1, "a", protocol="SSH"),
        f"POST {QUEUE}/mkdir",
        {**PATHS, "protocol": "SSH"},
        TRANSFER,
    ),
    (lambda c: c.transfers.submit("0", PATHS), f"POST {QUEUE}/jobs", {**PATHS, "type": "0"}, TRANSFER),
    (lambda c: c.transfers.jobs(), f"GET {QUEUE}/jobs", None, [TRANSFER]),
    (lambda c: c.transfers.job(1), f"GET {QUEUE}/jobs/1", None, TRANSFER),
    (lambda c: c.transfers.elements(1), f"GET {QUEUE}/jobs/1/elements", None, [ELEMENT]),
    (lambda c: c.transfers.element(1, 0), f"GET {QUEUE}/jobs/1/elements/0", None, ELEMENT),
    (lambda c: c.transfers.status(1), f"GET {QUEUE}/jobs/1/status", None, {"jobid": 1, "status": "NEW"}),
    (
        lambda c: c.transfers.status(1, 0),
        f"GET {QUEUE}/jobs/1/elements/0/status",
        None,
        {"jobid": 1, "elementid": 0, "status": "RUNNING", "attempts": 1, "average": 3.5},
    ),
    (lambda c: c.transfers.output(1), f"GET {QUEUE}/jobs/1/output", None, [OUTPUT]),
    (lambda c: c.transfers.all_output(1), f"GET {QUEUE}/jobs/1/output?attempts=all", None, [OUTPUT]),
    (lambda c: c.transfers.output(1, 0), f"GET {QUEUE}/jobs/1/elements/0/output", None, OUTPUT),
    (lambda c: c.transfers.output(1, 0, -1), f"GET {QUEUE}/jobs/1/elements/0/output/-1", None, OUTPUT),
    (
        lambda c: c.transfer_work.fetch([0, 1], algorithm="BY_SIZE", limits={"size": 9}),
        f"POST {QUEUE}/worker/jobs",
        {"types": [0, 1], "algorithm": "BY_SIZE", "algorithm.args": {"size": 9}},
        [WORK],
    ),
    (
        lambda c: c.transfer_work.report(1, 0, "t", {"returncode": 0}),
        f"PUT {QUEUE}/worker/jobs/1/elements/0",
        {"returncode": 0},
        {},
    ),
    (
        lambda c: c.transfer_work.monitor(1, 0, "t", {}),
        f"PUT {QUEUE}/worker/jobs/1/elements/0/monitoring",
        {},
        {"message": "OK", "action": "cancel"},
    ),
]
