import re
from urllib.parse import urljoin

import pytest
import schemathesis

from job_service.app import API
from job_service.openapi.document import make_document
from job_service.openapi.paths import routes_of

OPERATIONS = [operation for section in API for operation in section.operations]
EXAMPLES = [operation for operation in OPERATIONS if operation.example is not None]


@pytest.fixture
def document(http):
    return http.get("/openapi/openapi.json").json


def test_every_route_is_described_and_every_description_has_a_route(app):
    assert {operation.key for operation in OPERATIONS} == {route.key for route in routes_of(app)}


def test_the_description_is_valid_openapi(document):
    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()


def test_no_two_paths_differ_only_in_the_names_of_their_parameters(document):
    shapes = [re.sub(r"\{\w+\}", "{}", path) for path in document["paths"]]
    assert len(shapes) == len(set(shapes))


def test_every_operation_has_a_name_of_its_own(document):
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) == len([operation for operation in OPERATIONS if not operation.within])


def test_everything_that_is_referred_to_is_there(document):
    referred = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(document)))
    assert referred == set(document["components"]["schemas"])


def test_an_operation_says_which_roles_may(document):
    assert document["paths"]["/claims"]["post"]["x-roles"] == ["work"]
    assert document["paths"]["/health/alive"]["get"]["security"] == []


def test_the_server_is_where_the_service_is_mounted(app):
    assert make_document(routes_of(app), "/jobs-of-ours", API)["servers"] == [{"url": "/jobs-of-ours"}]


def prepared(http, operation):
    """Make what the example is about; return its path."""
    if operation.key in {"PUT /jobs/{job_id}", "POST /jobs/{job_id}/cancel"}:
        made = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "INCOME"}]})
        return operation.path.replace("{job_id}", made.json[0]["job_id"])
    if operation.key == "POST /api/updateJob/{number}":
        http.post("/api/job", json={"Name": "film"})
        return "/api/updateJob/1"
    if operation.key == "PATCH /claims/{claim_id}/jobs/{job_id}":
        http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "INCOME"}]})
        held = http.post("/claims", json={"kind": "dataset", "worker": "w"}).json["claims"][0]
        return f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"
    if operation.key == "POST /kinds/{name}/jobs":
        http.put("/kinds/small", json={})
    named = {"{source}": "press", "{job_id}": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "{name}": "small"}
    path = operation.path
    for place, name in named.items():
        path = path.replace(place, name)
    return path


@pytest.mark.parametrize("operation", EXAMPLES, ids=lambda operation: operation.key)
def test_the_example_of_a_request_is_answered_as_it_says(http, operation):
    path = prepared(http, operation)
    answered = http.open(path, method=operation.method, json=operation.example)
    assert answered.status_code in operation.statuses, answered.text


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script_of_its_own_text(http):
    page = http.get("/openapi", headers={"Accept": "text/html"})
    policy = page.headers["Content-Security-Policy"]
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(urljoin("http://here/openapi", target).startswith("http://here/openapi/") for target in loaded)
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|<style", page.text)


@pytest.mark.parametrize(("name", "kind"), [("try.js", "text/javascript"), ("try.css", "text/css")])
def test_the_files_of_the_page_are_there(http, name, kind):
    with http.get(f"/openapi/static/{name}") as found:
        assert (found.status_code, found.mimetype) == (200, kind)
    assert http.get("/openapi/static/../routes.py").status_code == 404


def test_the_page_has_a_form_for_every_operation(http, document):
    page = http.get("/openapi").text
    for path, methods in document["paths"].items():
        for method in methods:
            assert f'data-method="{method.upper()}" data-path="{path}"' in page
