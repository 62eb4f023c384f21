"""Rows 28, 29, 33, 49, 59, 66 to 69, 72 and 73: files that are not ours to give, forms, and pages of errors."""

import io
import os
import tarfile

import pytest

from job_service.settings import Settings
from tests.api.abuse.conftest import stored
from tests.api.abuse.routes import is_refused
from tests.api.test_code_jobs import token_of

HTML = {"Accept": "text/html"}
NAMES = ["..%2f..%2fetc%2fpasswd", ".", "%2e", "%2fetc%2fpasswd", "a", "A%00", "A.tar", "A%0a", "archive", "%C3%85"]
PROGRAMS = {
    "no user": {"uid": 0},
    "a negative user": {"uid": -1},
    "a number in another form": {"uid": "1e3"},
    "a condition": {"uid": "1 OR 1=1"},
    "no 64 bits": {"uid": 2**63},
    "a folder up": {"code": None, "file": "../main.py"},
    "a whole path": {"code": None, "file": "/etc/passwd"},
    "a hidden file": {"code": None, "file": ".env"},
    "only spaces": {"code": " \n\t"},
    "NUL": {"code": "a\0b"},
    "two megabytes": {"code": "x" * 900_000},
    "what Python has": {"input": {"__builtins__": 1}},
    "no name": {"input": {"a b": 1}},
    "a keyword": {"input": {"class": 1}},
    "an empty name": {"input": {"": 1}},
    "a text": {"input": "{'a': 1}"},
    "a pickle": {"input": "gASVBQAAAAAAAABLAS4="},
}


@pytest.mark.parametrize("fields", PROGRAMS.values(), ids=PROGRAMS)
def test_what_is_no_program_is_refused_by_its_field(http, unchanged, fields):
    body = {"uid": 1, "code": "print(1)", "input": {}, **fields}
    answer = http.post("/code-jobs", json={name: value for name, value in body.items() if value is not None})
    assert is_refused(answer, 400), answer.text
    assert set(fields) & {str(fault["loc"][0]) for fault in answer.json.get("errors", []) if fault["loc"]} or (
        "range" in answer.text
    )


def test_a_body_of_two_megabytes_is_no_program(http, unchanged):
    answer = http.post("/code-jobs", json={"uid": 1, "code": "x" * 2_000_000})
    assert (answer.status_code, answer.json["code"]) == (413, "too-large")


class TestInputs:
    @pytest.fixture
    def folder(self, tmp_path):
        """A folder with a dataset, a link out of it, a pipe, a folder and a broken tar, each named like a dataset."""
        folder = tmp_path / "input"
        folder.mkdir()
        (tmp_path / "secret.tar").write_text("secret")
        with tarfile.open(folder / "GOOD.tar", "w") as tar:
            tar.addfile(tarfile.TarInfo("GOOD.json"), io.BytesIO())
        (folder / "LINK.tar").symlink_to(tmp_path / "secret.tar")
        os.mkfifo(folder / "PIPE.tar")
        (folder / "FOLDER.tar").mkdir()
        (folder / "BROKEN.tar").write_bytes(b"\x1f\x8b" + b"x" * 600)
        return folder

    @pytest.fixture
    def settings(self, folder):
        return Settings.from_environment({"INPUT_DIR": str(folder)})

    def test_only_datasets_are_listed_and_nothing_outside_is_ever_deleted(self, http, store, folder):
        assert [each["datasetName"] for each in http.get("/importable-datasets").json] == ["GOOD"]
        before, there = stored(store), sorted(folder.parent.rglob("*"))
        for name in NAMES:
            answer = http.delete(f"/importable-datasets/{name}")
            assert is_refused(answer, 400, 404, 405), (name, answer.status_code)
        for name in ("LINK", "PIPE", "FOLDER", "NONE"):
            assert is_refused(http.delete(f"/importable-datasets/{name}"), 404)
        assert (sorted(folder.parent.rglob("*")), stored(store)) == (there, before)
        assert (folder.parent / "secret.tar").read_text() == "secret"

    def test_a_dataset_with_an_active_job_is_not_deleted(self, http, folder):
        http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "GOOD"}]})
        answer = http.delete("/importable-datasets/GOOD")
        assert (answer.status_code, answer.json["code"]) == (409, "target-busy")
        assert (folder / "GOOD.tar").exists()


@pytest.mark.parametrize("token", ["", "x", "x" * 5_000, "another session's"])
def test_a_form_with_a_token_that_is_none_is_told_in_a_sentence_and_creates_nothing(app, http, unchanged, token):
    if token == "another session's":
        token = token_of(app.test_client())
    data = {"uid": "1", "code": "print(1)", "inputt": "{}", "csrf_token": token}
    answer = http.post("/jobs/", data=data, headers=HTML)
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_an_error_is_a_page_to_a_browser_and_json_to_a_program_and_shows_nothing_of_us(app, http, monkeypatch):
    def broken(**_):
        raise RuntimeError("password=hunter2 at /srv/job_service/app.py")

    monkeypatch.setitem(app.view_functions, "datasets.list_jobs", app.view_functions["datasets.list_jobs"])
    app.view_functions["datasets.list_jobs"] = _as(app.view_functions["datasets.list_jobs"], broken)
    assert app.debug is False
    for path, status in (("/<script>alert(1)</script>", 404), ("/jobs", 500), ("/targets", 405)):
        method = "DELETE" if status == 405 else "GET"
        for headers in ({}, HTML, {"Accept": "application/problem+json"}):
            answer = http.open(path, method=method, headers=headers)
            assert answer.status_code == status
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert not any(word in answer.text for word in ("hunter2", "app.py", "Traceback", "<script>alert"))


def _as(view, other):
    other.allowed_roles = view.allowed_roles
    return other


def test_figures_are_for_those_who_may_look_and_name_nobody(http, ids):
    for path in ("/metrics", "/stats", "/openapi", "/openapi/openapi.json"):
        assert http.get(path).status_code == 200
    told = http.get("/metrics").text
    assert not any(name in told for name in ("INCOME", "importer-1", ids["job_id"], "archive"))
    http.post("/tokens", json={"name": "ops", "roles": ["admin"]})
    for path in ("/metrics", "/stats", "/openapi", "/openapi/openapi.json"):
        assert http.get(path).status_code == 401
