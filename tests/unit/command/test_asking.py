"""What the commands that ask a service show of its answers, and say when there are none."""

import json

import httpx
import pytest
from click.testing import CliRunner

from job_service.client.executor import Waiting
from job_service.command import asking
from job_service.command.asking import show_json
from job_service.command.jobs import jobs
from job_service.command.main import main

NOWHERE = "http://127.0.0.1:1"


def test_a_service_that_does_not_answer_is_named():
    result = CliRunner().invoke(jobs, ["list", "--url", NOWHERE])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {NOWHERE} does not answer: ")


def ask(monkeypatch, words, answer, columns=None):
    monkeypatch.setattr(Waiting, "_send", lambda *_: httpx.Response(200, json=answer))
    if columns is not None:
        monkeypatch.setattr(asking, "_WIDTH_OF_A_FILE", columns)
    return CliRunner().invoke(main, [*words, "--url", NOWHERE])


JOB = {
    "jobId": "01a2021d-9ba9-77ec-b6d6-cc7a851b3920",
    "kind": "dataset",
    "state": "running",
    "status": "importing",
    "progress": 30.0,
    "createdAt": "2026-11-22T07:17:04Z",
}


@pytest.mark.parametrize("columns", [80, 200])
def test_a_table_has_whole_ids_and_words_also_on_a_narrow_terminal(monkeypatch, columns):
    shown = ask(monkeypatch, ["jobs", "list"], [JOB], columns).output
    assert {JOB["jobId"], "dataset", "running", "importing", "2026-11-22", "07:17:04"} <= set(shown.split())
    assert "30 %" in shown
    assert all(len(line) <= columns for line in shown.splitlines())


def test_a_table_cuts_no_long_message(monkeypatch):
    flag = {"msg": "x" * 300, "paused": True, "timestamp": "2026-11-22T07:17:04Z"}
    shown = ask(monkeypatch, ["maintenance", "status"], flag, 80).output
    assert shown.count("x") == 300
    assert {"paused", "2026-11-22"} <= set(shown.split())


def test_progress_is_that_of_running_jobs(monkeypatch):
    assert "30" not in ask(monkeypatch, ["jobs", "list"], [{**JOB, "jobId": "j", "state": "completed"}]).output


def test_a_list_says_that_it_may_go_on(monkeypatch):
    assert "1 job, and perhaps more" in ask(monkeypatch, ["jobs", "list", "--limit", "1"], [JOB]).output
    assert "perhaps" not in ask(monkeypatch, ["jobs", "list", "--limit", "2"], [JOB]).output


@pytest.mark.parametrize("command", ["show", "cancel", "release", "retry"])
def test_what_prints_json_anyway_may_be_asked_to(monkeypatch, command):
    assert json.loads(ask(monkeypatch, ["jobs", command, "j", "--json"], JOB).output)["state"] == "running"


def test_json_on_a_terminal_is_indented(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show_json({"state": "running"})
    assert capsys.readouterr().out == '{\n  "state": "running"\n}\n'


def test_a_file_that_is_no_text_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "jobs.json").write_bytes(b"\xff\xfe\xfa")
    for source, given in ((str(tmp_path / "jobs.json"), b""), ("-", b"\xff\xfe\xfa")):
        result = CliRunner().invoke(main, ["jobs", "submit", source, "--url", NOWHERE], input=given)
        assert result.exit_code == 1
        assert result.output.startswith("Error: This is not JSON: ")


DEEP = b'{"jobs": [' + b"[" * 5_000 + b"]" * 5_000 + b"]}"


@pytest.mark.parametrize(
    "body", [b'{"jobs": ["\\ud800", 1e400, {"a": 1, "a": 2}]}', b'{"jobs": [1%s]}' % (b"0" * 5_000), DEEP]
)
def test_what_an_item_is_goes_to_the_service_as_it_was_written(monkeypatch, body):
    sent = []

    def send(_, request):
        sent.append((request.content, request.headers["Content-Type"]))
        return httpx.Response(200, json=[{"status": "FAILED", "msg": "no"}])

    monkeypatch.setattr(Waiting, "_send", send)
    result = CliRunner().invoke(main, ["jobs", "submit", "-", "--url", NOWHERE], input=body)
    assert (result.exit_code, sent) == (1, [(body, "application/json")])


@pytest.mark.parametrize("body", [b'{"jobs": [NaN]}', b'{"jobs": [1}', b"[]", b'{"jobs": {}}', b"null"])
def test_what_is_no_batch_is_refused_before_it_is_sent(body):
    result = CliRunner().invoke(main, ["jobs", "submit", "-", "--url", NOWHERE], input=body)
    assert result.exit_code == 1
    assert result.output.startswith("Error: This is not ")


ELSEWHERE = "http://jobs.example:8000"


@pytest.mark.parametrize("words", [["jobs", "list"], ["maintenance", "status"], ["token", "list"]])
def test_a_bad_proxy_is_one_sentence(monkeypatch, words):
    monkeypatch.setenv("HTTP_PROXY", "ftp://user:secret@proxy:3128")
    result = CliRunner().invoke(main, [*words, "--url", ELSEWHERE])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith(f"Error: {ELSEWHERE} does not answer: HTTP_PROXY names no proxy that can be used: ")
    assert "secret" not in result.output


@pytest.mark.parametrize("url", ["jobs.example:8000", "localhost", "ftp://jobs.example", "http://", "http:///jobs"])
def test_what_is_no_address_of_a_service_is_one_sentence(url):
    result = CliRunner().invoke(main, ["jobs", "list", "--url", url])
    assert result.output == f"Error: {url} does not answer: an address is http://HOST:PORT, or https://…\n"


@pytest.mark.parametrize("words", [["jobs", "list"], ["worker", "datasets", "--input-dir", "."]])
def test_the_login_in_an_address_is_kept_back(words):
    result = CliRunner().invoke(main, [*words, "--url", "ftp://me:secret@jobs.example/queue"])
    assert result.output.startswith("Error: ftp://jobs.example/queue ")
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PROXY", "ftp://proxy:3128"), ("JOB_SERVICE_URL", "http://[::1"), ("JOB_SERVICE_URL", "jobs.example:8000")],
)
def test_a_worker_to_whose_service_no_way_leads_says_so_in_one_sentence(monkeypatch, name, value):
    monkeypatch.setenv("JOB_SERVICE_URL", ELSEWHERE)
    monkeypatch.setenv(name, value)
    for words in (["datasets", "--input-dir", "."], ["conversions", "--exec", "cat"]):
        result = CliRunner().invoke(main, ["worker", *words])
        assert (result.exit_code, result.output.count("\n")) == (1, 1), result.output
        assert " cannot be asked: " in result.output


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": ""}, "http://127.0.0.1:8000"),
        ({"PORT": "9"}, "http://127.0.0.1:9"),
        ({"PORT": "9", "JOB_SERVICE_URL": NOWHERE}, NOWHERE),
    ],
)
def test_the_port_of_the_container_is_found_and_a_url_goes_before_it(monkeypatch, environment, asked):
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.delenv("JOB_SERVICE_URL", raising=False)
    monkeypatch.setattr(
        httpx.Client, "send", lambda client, *_, **__: httpx.Response(403, json={"message": str(client.base_url)})
    )
    result = CliRunner().invoke(main, ["jobs", "list"], env=environment)
    assert result.output == f"Error: {asked}\n"


def test_a_port_that_is_none_is_one_sentence():
    result = CliRunner().invoke(main, ["jobs", "list"], env={"PORT": "http"})
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "http://127.0.0.1:http" in result.output


def test_a_cell_shows_every_kind_of_space_and_nothing_that_a_terminal_would_act_on():
    assert asking.as_text("9.41\u202fAM\u3000\xa0é \x1b[31m\x85\u202e").plain == "9.41\u202fAM\u3000\xa0é �[31m��"
