"""Every JSON route, with requests made from its description: good ones, and ones that break it somewhere.

All the checks there are apply, but for what `LEFT_OUT` and `EXCUSED` name with their reasons. `TEST_SCALE=10` tries ten
times as many requests.
"""

import uuid
from typing import Any

import pytest
import schemathesis
from pymongo import MongoClient
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from job_service.app import API, create_app
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.store import open_store
from job_service.openapi.document import make_document
from job_service.openapi.paths import routes_of
from job_service.settings import Settings
from tests.database import empty
from tests.machine_profile import bounded

#: Paths that are not tried.
LEFT_OUT = {
    "/events": "a stream without an end",
    "/jobs/": "the form of a page, which waits for a program to end",
    "/jobs/{number}/again": "as above",
}
#: Routes that may refuse with 400 what each field's schema allows, and why: the one check that they are excused from is
#: `positive_data_acceptance`.
_CURSOR = "a cursor has to be one that the list has given"
_TOGETHER = "which fields are wanted depends on the others"
_WORD = "the kinds, statuses and facets there are depend on the kind, and its answer names them"
_FREE = "free-form objects may hold numbers that no database holds, and names with control characters"
_WHOLE = "1.0 is an integer to JSON Schema, and none to the parser"
_REVISION = "whether the kind has the revision that is asked for"
_SITES = "paths, sites and options are checked by what they mean to each other"
EXCUSED = {
    "GET /jobs": _CURSOR,
    "GET /code-jobs": _CURSOR,
    "GET /job/active/{source}": _CURSOR,
    "GET /job/done/{source}": _CURSOR,
    "PATCH /claims/{claim_id}/jobs/{job_id}": _TOGETHER,
    "PUT /jobs": _TOGETHER,
    "PUT /jobs/{job_id}": _TOGETHER,
    "POST /maintenance-status": _TOGETHER,
    "POST /tokens": _TOGETHER,
    "POST /code-jobs": _TOGETHER,
    "POST /api/job": _TOGETHER,
    "POST /api/updateJob": _TOGETHER,
    "POST /api/updateProfile": _TOGETHER,
    "POST /api/setJobStatus": _TOGETHER,
    "POST /claims": _WORD,
    "PATCH /claims": _FREE,
    "POST /jobs": _FREE,
    "POST /api/profile/{name}": _FREE,
    "POST /api/updateJob/{number}": _FREE,
    "POST /workqueue/api/v1.0/worker/jobs": _WHOLE,
    "PUT /workqueue/api/v1.0/worker/jobs/{job_id}/elements/{element_id}": _WHOLE,
    "PUT /workqueue/api/v1.0/worker/jobs/{job_id}/elements/{element_id}/monitoring": _WHOLE,
    "DELETE /importable-datasets/{name}": "a dataset's name has a form of its own",
    "POST /job/available/{source}": "a source's name has a form of its own",
    "POST /job/available/{source}/{job_id}": "an id is a ULID or a UUID",
    **{f"{method} /kinds/{{name}}": _REVISION for method in ("PUT", "PATCH", "DELETE")},
    "GET /api/fetchJob": "an empty queue is a 400 in the words of that API",
    "GET /workqueue/api/v1.0/jobs/{job_id}/elements/{element_id}/output": "400 while there is no attempt yet",
    "GET /workqueue/api/v1.0/jobs/{job_id}/elements/{element_id}/output/{attempt}": "400 for one that never was",
    **{f"POST /workqueue/api/v1.0/{what}": _SITES for what in ("copy", "jobs", "list", "mkdir", "remove", "rename")},
}
CONFIG = {
    "checks": {
        "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "415"]},
        "positive_data_acceptance": {"expected-statuses": ["2xx", "403", "404", "409", "429"]},
    },
    "phases": {"coverage": {"unexpected-methods": ["DELETE", "PUT", "PATCH", "OPTIONS"]}},
}


class Stage:
    """The tests are made from the description before there is an application to serve them."""

    def __init__(self):
        self.served: Any = None

    def __call__(self, environ, start_response):
        return self.served(environ, start_response)


STAGE = Stage()


def _described():
    unused: MongoClient = MongoClient(connect=False)
    with unused:
        store = open_store(unused["unused"], STORES, RetryPolicy(), lambda moves: None)
        document = make_document(routes_of(create_app(Settings.from_environment({}), store)), "", API)
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = STAGE
    return schema.exclude(path=list(LEFT_OUT))


api = _described()


@pytest.fixture(scope="module")
def served(kept_database):
    """The application with a job of every kind."""
    empty(kept_database)
    store = open_store(kept_database, STORES, RetryPolicy(), lambda moves: None)
    app = create_app(Settings.from_environment({}), store)
    app.extensions["job_service.readiness"].prepare()
    STAGE.served = app
    yield app
    app.extensions["job_service.drain"]()


@pytest.fixture(scope="module")
def credentials(served):
    """Headers of a user who may do everything."""
    http = served.test_client()
    user = http.post("/tokens", json={"name": "alice", "user": 1}).json["token"]
    admin = http.post("/tokens", json={"name": uuid.uuid4().hex, "roles": ["admin"]}).json["token"]
    return {"Authorization": f"Bearer {admin}", "X-Token": user}


@pytest.fixture(scope="module")
def jobs(served, credentials):
    """Ids that there are, by the name of the parameter they stand in."""
    http = served.test_client()

    def post(path, body):
        return http.post(path, json=body, headers=credentials).json

    dataset = post("/jobs", {"jobs": [{"operation": "ADD", "target": "INCOME"}]})[0]["job_id"]
    post("/claims", {"kind": "dataset", "worker": "w", "claimId": "the-claim-of-w"})
    post("/code-jobs", {"uid": 1, "code": "print(1)"})
    post("/api/job", {"Name": "film", "Options": {"codec": "h264"}})
    post("/api/profile/small", {"codec": "h264"})
    post("/job/available/press", {"title": "An article"})
    post("/workqueue/api/v1.0/list", {"src_siteid": 1, "src_filepath": "/data"})
    return {"dataset": dataset, "claim_id": "the-claim-of-w", "number": 1, "uid": 1, "source": "press", "element_id": 0}


def aimed(case, jobs):
    """Let every second request be about something that there is."""
    if len(str(case.path_parameters)) % 2 or case.operation.path.startswith("/tokens"):
        return
    known = {**jobs, "job_id": 1 if "workqueue" in case.operation.path else jobs["dataset"], "name": "INCOME"}
    for name in tuple(case.path_parameters or {}):
        if name in known:
            case.path_parameters[name] = type(case.path_parameters[name])(known[name])


def without_waiting(case):
    """Take out what would make an answer wait for a job."""
    for part in (case.query, case.body):
        if isinstance(part, dict):
            part.pop("wait", None)


@api.parametrize()
@bounded(5)
def test_nothing_is_answered_that_is_not_described(case, served, credentials, jobs):
    if case.meta.generation.mode.is_positive:
        aimed(case, jobs)
        without_waiting(case)
    excused = [checks.positive_data_acceptance] if case.operation.label in EXCUSED else []
    case.call_and_validate(headers=credentials, excluded_checks=excused)
