import io
import json
import re

import pytest

from job_service.app import create_app
from job_service.settings import Settings

SUM = "print(a + b)"
BROWSER = {"Accept": "text/html"}


def submit(http, **fields):
    return http.post("/code-jobs", json={"uid": 1, "code": SUM, "input": {"a": 5, "b": 3}, **fields})


def finish(http, **outcome):
    held = http.post("/claims", json={"kind": "code", "worker": "w"}).json["claims"][0]
    done = http.patch(f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}", json=outcome)
    assert done.status_code == 200
    return held["job"]


def token_of(http):
    page = http.get("/jobs/", headers=BROWSER).text
    return re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[0]


def form(http, **fields):
    data = {"uid": "1", "code": SUM, "inputt": '{"a": 5, "b": 3}', "csrf_token": token_of(http), **fields}
    return http.post("/jobs/", data=data, headers=BROWSER, follow_redirects=True)


def test_a_program_waits_runs_and_is_done(http):
    made = submit(http)
    assert (made.status_code, made.json) == (201, {"job_id": 1})
    assert http.get("/code-jobs/1").json["status"] == "WAITING"
    job = finish(http, status="completed", result="8\n")
    assert job["parameters"] == {"uid": 1, "code": SUM, "input": {"a": 5, "b": 3}}
    assert http.get("/code-jobs/1").json == {"job_id": 1, "uid": 1, "status": "DONE", "result": "8\n", "log": []}


def test_a_program_that_fails_shows_what_it_printed_and_why(http):
    submit(http)
    finish(http, status="failed", log="ZeroDivisionError: division by zero", result="before\n", retry=False)
    shown = http.get("/code-jobs/1").json
    assert (shown["status"], shown["result"]) == ("ERROR", "before\n")
    assert "ZeroDivisionError" in shown["log"][-1]


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"uid": 0}, "uid"),
        ({"uid": -1}, "uid"),
        ({"uid": 2**63}, None),
        ({"uid": "1"}, "uid"),
        ({"code": "  \n"}, "code"),
        ({"code": "a\0b"}, "code"),
        ({"code": "\ufeff \n"}, "code"),
        ({"code": 5}, "code"),
        ({"code": "x" * 256_001}, "code"),
        ({"input": []}, "input"),
        ({"input": {"a b": 1}}, "input"),
        ({"input": {"class": 1}}, "input"),
        ({"input": {"__builtins__": 1}}, "input"),
        ({"input": {"": 1}}, "input"),
        ({"file": "x.py"}, None),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_program_is_refused_and_stores_nothing(http, store, fields, loc):
    refused = submit(http, **fields)
    assert refused.status_code == 400
    if loc:
        assert refused.json["errors"][0]["loc"][0] == loc
    assert store.collections.inprogress.count_documents({}) == 0


@pytest.mark.parametrize(
    "name",
    [
        "../main.py",
        "/etc/passwd",
        ".env",
        ".sum.py",
        "a\n.py",
        "x" * 300 + ".py",
        "a/b.py",
        "x.py\0.txt",
        "link.py",
        "missing.py",
        "folder.py",
    ],
)
def test_only_a_file_of_the_folder_itself_is_a_program(database, store, tmp_path, name):
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "sum.py").write_text(SUM)
    (folder / "link.py").symlink_to(tmp_path / "secret")
    (folder / "folder.py").mkdir()
    http = create_app(Settings.from_environment({"CODE_DIR": str(folder)}), store).test_client()
    assert http.post("/code-jobs", json={"uid": 1, "file": "sum.py"}).status_code == 201
    refused = http.post("/code-jobs", json={"uid": 1, "file": name})
    assert refused.status_code == 400
    assert '"loc":["file"]' in refused.text


@pytest.mark.parametrize(
    "name", ["Umsatz März.py", "映像\u3000第1話.py", "9.41\u202fAM.py", "-c.py", "a;b.py", "é" * 100 + ".py"]
)
def test_a_program_may_have_any_name_in_json_and_in_the_form(database, store, tmp_path, name):
    (tmp_path / name).write_text(SUM)
    http = create_app(Settings.from_environment({"CODE_DIR": str(tmp_path)}), store).test_client()
    assert http.post("/code-jobs", json={"uid": 1, "file": name}).status_code == 201
    assert form(http, code=name).status_code < 400
    assert [job["parameters"]["code"] for job in store.collections.inprogress.find()] == [SUM, SUM]


def test_pages_are_for_browsers_and_json_for_everything_else(http):
    submit(http)
    for path in ("/jobs/", "/jobs/1", "/users/1"):
        shown = http.get(path, headers=BROWSER)
        assert (shown.status_code, shown.mimetype) == (200, "text/html")
        assert http.get(path).mimetype == "application/json"
    assert http.get("/users/1").json == [http.get("/jobs/1").json]
    assert http.get("/users/2").json == []
    assert http.get("/jobs/7").status_code == 404


def test_the_form_tells_each_fault_beside_its_field(http, store):
    answer = form(http, uid="0", inputt="not json")
    assert answer.status_code == 400
    assert "integer greater than 0" in answer.text
    for twice in ('{"a": 1, "a": 2}', '{"b": {"a": 1, "a": 2}}'):
        assert "Duplicate key: a" in form(http, inputt=twice).text
    answer = form(http, inputt="[1]")
    assert answer.status_code == 400
    assert "must be a JSON object" in answer.text
    assert store.collections.inprogress.count_documents({}) == 0


def test_the_form_without_its_token_creates_nothing(http, store):
    assert http.post("/jobs/", data={"uid": "1", "code": SUM, "inputt": "{}"}, headers=BROWSER).status_code == 400
    assert store.collections.inprogress.count_documents({}) == 0


def test_what_a_program_prints_is_shown_as_text(http):
    submit(http, code="print('<script>alert(1)</script>')", input={"x": "<img src=x onerror=alert(1)>"})
    finish(http, status="completed", result="<script>alert(1)</script>")
    for path in ("/jobs/", "/jobs/1", "/users/1"):
        answer = http.get(path, headers=BROWSER)
        assert answer.status_code == 200
        page = answer.text
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page


@pytest.fixture
def impatient(monkeypatch):
    """Let forms wait for the end of a program a tenth of a second; the application is to be made after it."""
    monkeypatch.setattr("job_service.code_jobs.pages._PATIENCE_SECONDS", -9.9)


def test_an_upload_is_a_program(impatient, http, store):
    answer = form(http, code="", file=(io.BytesIO(SUM.encode()), "sum.py"))
    assert answer.status_code == 200
    assert store.reading.by_number("code", 1)["parameters"]["code"] == SUM
    assert form(http, code="", file=(io.BytesIO(b"\xff\xfe"), "sum.py")).status_code == 400


ACCENT = "print('café')"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbf" + ACCENT.encode(), ACCENT),
        (f"# -*- coding: latin-1 -*-\n{ACCENT}".encode("latin-1"), f"# -*- coding: latin-1 -*-\n{ACCENT}"),
        (f"#!python\r\n# coding=cp1252\r\n{ACCENT}".encode("cp1252"), f"#!python\n# coding=cp1252\n{ACCENT}"),
        (ACCENT.encode() + b"\r\n", ACCENT + "\n"),
    ],
    ids=["utf-8 with its mark", "latin-1", "cp1252", "lines of Windows"],
)
def test_a_file_is_read_as_python_reads_it(impatient, store, tmp_path, content, text):
    (tmp_path / "it.py").write_bytes(content)
    http = create_app(Settings.from_environment({"CODE_DIR": str(tmp_path)}), store).test_client()
    assert http.post("/code-jobs", json={"uid": 1, "file": "it.py"}).status_code == 201
    assert form(http, code="", file=(io.BytesIO(content), "it.py")).status_code == 200
    assert [job["parameters"]["code"] for job in store.collections.inprogress.find()] == [text, text]


@pytest.mark.parametrize(
    "content",
    [
        ACCENT.encode("latin-1"),
        ACCENT.encode("utf-16"),
        b"# coding: nonsense\n",
        b"# coding: hex\n",
        b"# coding: undefined\n",
        b"# coding: punycode\n",
        b"# coding: ascii\n" + ACCENT.encode(),
        b"\xef\xbb\xbf# coding: latin-1\n",
    ],
    ids=str,
)
def test_a_file_in_no_encoding_that_python_would_read_is_refused_with_a_sentence(store, tmp_path, content):
    (tmp_path / "it.py").write_bytes(content)
    http = create_app(Settings.from_environment({"CODE_DIR": str(tmp_path)}), store).test_client()
    refused = http.post("/code-jobs", json={"uid": 1, "file": "it.py"})
    assert refused.status_code == 400
    assert "must be UTF-8 text, or text in the encoding" in refused.text
    assert form(http, code="", file=(io.BytesIO(content), "it.py")).status_code == 400


def test_a_job_can_be_run_again_as_a_new_one(http, store):
    submit(http)
    finish(http, status="completed", result="8\n")
    answer = http.post("/jobs/1/again", data={"csrf_token": token_of(http)}, headers=BROWSER)
    assert (answer.status_code, answer.location) == (303, "/jobs/2")
    assert store.reading.by_number("code", 2)["retriedFrom"] == store.reading.by_number("code", 1)["_id"]


@pytest.mark.parametrize("path", ["/code-jobs/{}", "/jobs/{}"])
def test_a_number_that_no_database_can_hold_is_of_no_job(http, path):
    assert http.get(path.format(2**63)).status_code == 404


@pytest.mark.parametrize("path", ["/jobs/", "/jobs/1/again"])
def test_what_is_no_form_is_refused_where_one_is_wanted(http, path):
    http.post("/code-jobs", json={"uid": 1, "code": "print(1)"})
    assert http.post(path, json={}).status_code == 400


@pytest.mark.parametrize(("name", "variable"), [("nº", "no"), ("µ", "\u03bc"), ("cafe\u0301", "caf\u00e9")])
def test_a_name_is_kept_as_python_knows_it_and_shown_on_the_page(http, name, variable):
    body = {"uid": 1, "code": "1", "input": {name: 12.5}}
    number = http.post("/code-jobs", json=body).json["job_id"]
    assert http.get("/jobs?kind=code").json[0]["parameters"]["input"] == {variable: 12.5}
    assert variable in http.get(f"/jobs/{number}", headers=BROWSER).text
    refused = http.post("/code-jobs", json={**body, "input": {name: 1, variable: 2}})
    assert (refused.status_code, refused.json["errors"][0]["loc"]) == (400, ["input"])
    assert {repr(name), repr(variable)} <= set(refused.json["message"].split())
    assert form(http, inputt=json.dumps({name: 1, variable: 2})).status_code == 400


@pytest.mark.parametrize("name", ["\uff49\uff46", "_\uff3fname__", "a b", "", "class", "__builtins__"])
def test_a_name_that_is_no_variable_to_python_is_refused(http, name):
    refused = http.post("/code-jobs", json={"uid": 1, "code": "1", "input": {name: 1}})
    assert (refused.status_code, refused.json["errors"][0]["loc"]) == (400, ["input"])
