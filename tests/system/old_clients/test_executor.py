"""Two executors of the dataset service, each with operations of its own, through a day of deaths."""

import pytest

from tests.system.instances import Caller
from tests.system.old_clients.day import RUNS, Double, live_through

IMPORTS, RELEASES = ("ADD", "CHANGE", "PATCH_METADATA"), ("SET_STATUS", "REMOVE", "BUMP")
EXECUTORS = [Double("executor", IMPORTS), Double("executor", RELEASES)]
DATASETS = 8
ENDS = {"Set status: completed", "Set status: failed"}


def a_batch(day):
    """Give the items of a day: imports, one of them broken, and changes before the bump that releases them."""
    imports = [{"operation": IMPORTS[n % 3], "target": f"IMPORT_{day}_{n}"} for n in range(DATASETS)]
    changes = [
        {"operation": "SET_STATUS", "target": f"CHANGE_{day}_{n}", "releaseStatus": "PENDING_RELEASE"} for n in range(3)
    ]
    removal = {"operation": "REMOVE", "target": f"GONE_{day}", "description": "old"}
    return [*imports, {"operation": "ADD", "target": f"BROKEN_{day}"}, *changes, removal, a_bump(changes)]


def a_bump(changes):
    updates = [
        {"name": each["target"], "description": "new", "operation": "ADD", "releaseStatus": each["releaseStatus"]}
        for each in changes
    ]
    manifesto = {"version": "1.0.0.0", "description": "new", "releaseTime": 1, "languageCode": "no"}
    return {
        "operation": "BUMP",
        "target": "DATASTORE",
        "description": "new",
        "bumpManifesto": {**manifesto, "dataStructureUpdates": updates},
        "bumpFromVersion": "0.0.0.1",
        "bumpToVersion": "1.0.0.0",
    }


@pytest.mark.parametrize("day", range(RUNS))
def test_every_job_ends_once_and_every_answer_is_taken(base, instance, day):
    caller = Caller(instance)
    status, results, _ = caller.post("/jobs", {"jobs": a_batch(day)})
    assert (status, {result["status"] for result in results}) == (200, {"CREATED"})
    assert live_through(base, EXECUTORS, day) > len(IMPORTS)
    jobs = caller.get("/jobs?kind=dataset&order=oldest")[1]
    assert [job["jobId"] for job in jobs] == [result["job_id"] for result in results]
    for job in jobs:
        ends = [line["message"] for line in job["log"] if line["message"] in ENDS]
        assert (ends, job["leasesLost"]) == ([f"Set status: {job['status']}"], 0)
    ended = {job["parameters"]["target"]: job for job in jobs}
    assert ended[f"BROKEN_{day}"]["status"] == "failed"
    bump = ended.pop("DATASTORE")
    assert bump["status"] == "completed"
    before = [job for name, job in ended.items() if name.startswith("CHANGE")]
    assert max(job["finishedAt"] for job in before) <= bump["startedAt"]
