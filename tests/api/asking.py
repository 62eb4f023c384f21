"""What tests of the dataset API and of the claims ask for over and over."""

import hashlib

from bson import encode


def submit(http, *items, **headers):
    return http.post("/jobs", json={"jobs": [{"operation": "ADD", **item} for item in items]}, headers=headers)


def submitted(http, *names):
    return [result["job_id"] for result in submit(http, *({"target": name} for name in names)).json]


def claim(http, **asked):
    return http.post("/claims", json={"kind": "dataset", "worker": "w", **asked}).json["claims"]


def path_of(held):
    return f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"


def fingerprint(store):
    """Give a hash of both collections of jobs."""
    found = hashlib.sha256()
    for name in ("inprogress", "completed"):
        for job in store.database[name].find().sort("_id", 1):
            found.update(encode(job))
    return found.hexdigest()


def locs(answer):
    return [".".join(map(str, fault["loc"])) for fault in answer.json.get("errors", [])]
