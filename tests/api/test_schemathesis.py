"""Every JSON route, with requests made from its description: good ones, and ones that break it somewhere."""

import uuid

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks as openapi_checks

from job_service.app import create_app
from job_service.families import FAMILIES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.store import open_store
from job_service.openapi.catalog import OPERATIONS
from job_service.settings import Settings

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,
]
#: A stream without an end, and pages' forms, which wait for a program to end.
LEFT_OUT = {"GET /events", "POST /jobs/", "POST /jobs/{number}/again"}
TRIED = [operation for operation in OPERATIONS if operation.key not in LEFT_OUT]
EXAMPLES = 7
CONFIG = {"checks": {"negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "413", "415"]}}}


@pytest.fixture(scope="module")
def served(kept_database):
    """The application with a job of every kind, and the headers of one who may do everything."""
    for name in kept_database.list_collection_names():
        kept_database[name].delete_many({})
    store = open_store(kept_database, FAMILIES, RetryPolicy(), lambda moves: None)
    app = create_app(Settings.from_environment({}), store)
    app.extensions["job_service.readiness"].prepare()
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


@pytest.fixture(scope="module")
def api(served, credentials):
    description = served.test_client().get("/openapi/openapi.json", headers=credentials).json
    schema = schemathesis.openapi.from_dict(description, config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = served
    return schema


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


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("described", TRIED, ids=lambda operation: operation.key)
def test_nothing_is_answered_that_is_not_described(api, credentials, jobs, described, mode):
    operation = api[described.path][described.method]
    if mode.is_negative and not (operation.body or operation.query or operation.path_parameters):
        return

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        if mode.is_positive:
            aimed(case, jobs)
            without_waiting(case)
        case.call_and_validate(headers=credentials, checks=CHECKS)

    run()
