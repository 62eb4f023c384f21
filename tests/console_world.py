"""A service in which every page of the console has something to show; every text is one that a user chose."""

import json

HTML = {"Accept": "text/html,*/*"}


def dataset(http, name, **fields):
    item = {"operation": "ADD", "target": name, **fields}
    answer = http.post("/jobs", json={"jobs": [item]}).json[0]
    assert answer["status"] == "CREATED", answer
    return answer["job_id"]


def claim(http, kind, worker="importer-1"):
    held = http.post("/claims", json={"kind": kind, "worker": worker}).json["claims"][0]
    return f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}", held["job"]["jobId"]


def patch(http, path, **said):
    answer = http.patch(path, json=said)
    assert answer.status_code == 200, answer.json


def fill(http, store, text="a text"):
    """Make jobs of every kind in every state, and return their ids by what they are."""
    made = {}
    done = dataset(http, "INCOME", description=text)
    path, _ = claim(http, "dataset", text[:200])
    patch(http, path, progress=30, status="validating", log=text)
    patch(http, path, status="completed", result={text: [text, {"deep": text}]})
    dataset(http, "INCOME_TAX")
    path, made["failed"] = claim(http, "dataset")
    patch(http, path, status="failed", error=text, log=text)
    dataset(http, "EMPLOYMENT")
    path, made["running"] = claim(http, "dataset", text[:200])
    patch(http, path, progress=62, status="importing", log=text)
    made["queued"] = dataset(http, "EDUCATION")
    cancelled = dataset(http, "HOUSING")
    assert http.post(f"/jobs/{cancelled}/cancel").status_code == 200
    made.update(done=done, cancelled=cancelled)
    fill_other_kinds(http, text)
    store.sweeper.sweep()
    return made


def fill_other_kinds(http, text):
    answer = http.post("/job/available/archive", json={"title": text})
    assert answer.status_code == 201, answer.json
    answer = http.post("/api/profile", json={"Name": text[:100], "Options": {"codec": text[:100]}})
    assert answer.status_code in {200, 201, 400, 404, 405}
    answer = http.post("/api/job", json={"Name": text[:100], "Options": {"codec": "h264", "input": text[:100]}})
    assert answer.status_code == 200, answer.data
    answer = http.post("/code-jobs", json={"uid": 7, "code": f"print({json.dumps(text)})", "input": {"a": text}})
    assert answer.status_code == 201, answer.json
    fill_own_kind(http, text)


def fill_own_kind(http, text):
    """Define a kind with a schema of every type, and make a job of it."""
    schema = {
        "type": "object",
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "title": "Address", "description": text},
            "size": {
                "type": "object",
                "required": ["width"],
                "properties": {"width": {"type": "integer", "minimum": 16}, "height": {"type": "integer"}},
            },
            "format": {"enum": ["webp", "avif"], "default": "webp", "description": "What browsers get"},
            "crop": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "extra": {},
        },
    }
    definition = {"description": text, "unique": "/url", "key": "/user", "parameters": schema, "retentionDays": 90}
    answer = http.put("/kinds/thumbnail", json=definition)
    assert answer.status_code == 201, answer.json
    item = {"parameters": {"url": text, "user": text[:100]}, "labels": {"team": text[:64]}}
    [result] = http.post("/kinds/thumbnail/jobs", json={"jobs": [item]}).json["results"]
    assert result["status"] == "CREATED", result


def pages(made):
    """Return every page that can be read."""
    return [
        "/",
        "/console/jobs",
        "/console/jobs?state=failed&elements=yes",
        *(f"/console/jobs/{job_id}" for job_id in made.values()),
        "/console/kinds",
        "/console/kinds/dataset",
        *(["/console/kinds/thumbnail"] if made else []),
        "/console/workers",
        "/console/targets",
        "/console/targets/INCOME",
        "/console/importable",
        "/console/importable/INCOME/delete",
        "/console/transcoding",
        "/console/conversions",
        "/console/bulk",
        "/console/maintenance",
        "/console/login",
    ]
