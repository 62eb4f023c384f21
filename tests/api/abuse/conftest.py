"""A service with jobs of every kind, and a guard: whatever a test here sends, what is stored stays as it was."""

import hashlib

import pytest
from bson import encode

from tests.api.transfers import BASE, submit
from tests.console_world import fill

#: Figures for people, who was heard of lately, when a token was last used: a refused request may leave a trace there.
HINTS = {"counters", "flow", "signals", "readers", "workers", "tokens"}


def stored(store):
    """Give a hash of every collection, by its name."""
    hashes = {}
    for name in sorted(set(store.database.list_collection_names()) - HINTS):
        found = hashlib.sha256()
        for document in store.database[name].find().sort("_id", 1):
            found.update(encode(document))
        hashes[name] = found.hexdigest()
    return hashes


@pytest.fixture
def ids(http, store):
    """Jobs of every kind and state; what they are called in paths, by the name of the parameter."""
    made = fill(http, store)
    http.post("/api/profile/small", json={"codec": "h264"})
    http.put("/kinds/thumbnail", json={})
    number = submit(http, "list")
    [group] = http.post(f"{BASE}/worker/jobs", json={"types": [0]}).json
    held = http.post("/claims", json={"kind": "dataset", "worker": "w", "claimId": "standing-claim"}).json["claims"][0]
    names = {"claim_id": held["claimId"], "job_id": held["job"]["jobId"], "number": 1, "name": "INCOME", "uid": 7}
    return {
        **names,
        "kind": "thumbnail",
        "source": "archive",
        "transfer": number,
        "element_id": 0,
        "attempt": 1,
        "token": group["elements"][0]["token"],
        "made": made,
    }


@pytest.fixture
def unchanged(http, store, ids):
    """Nothing that is stored changes during the test, and the service goes on."""
    before = stored(store)
    yield ids
    assert stored(store) == before
    assert http.get("/health/alive").status_code == 200
    assert http.get("/jobs").status_code in {200, 401}
