"""`job-service kinds`: what it sends, and what it says of it."""

import json
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from job_service.client import executor
from job_service.command.main import main


@pytest.fixture
def service(monkeypatch):
    """Kinds by name, and the writes that came, in order."""
    stored: dict[str, Any] = {}
    writes: list[Any] = []

    def answer(_, request):
        name = request.url.path.rpartition("/")[2]
        if request.method == "PUT":
            writes.append((name, json.loads(request.content), request.headers.get("If-Match")))
            stored[name] = {"name": name, "revision": stored.get(name, {"revision": 0})["revision"] + 1}
            stored[name] |= json.loads(request.content)
        found = stored.get(name)
        if found is None:
            return httpx.Response(404, json={"message": f"There is no kind {name}", "code": "not-found"})
        return httpx.Response(200, json=found)

    monkeypatch.setattr(executor.Waiting, "_send", lambda self, request, *_: answer(self, request))
    return stored, writes


def apply(path, *options):
    result = CliRunner().invoke(main, ["kinds", "apply", str(path), *options, "--url", "http://127.0.0.1:1"])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_folder_of_definitions_is_applied_and_said_to_be_what_it_changes(service, tmp_path):
    stored, writes = service
    (tmp_path / "small.yaml").write_text("description: Small pictures\nunique: /url\n")
    (tmp_path / "large.json").write_text('{"leaseSeconds": 90}')
    (tmp_path / "notes.txt").write_text("not a kind")
    assert apply(tmp_path, "--dry-run") == "large would be created\nsmall would be created\n"
    assert writes == []
    assert apply(tmp_path) == "large created\nsmall created\n"
    assert apply(tmp_path) == "large unchanged\nsmall unchanged\n"
    (tmp_path / "small.yaml").write_text("description: Tiny pictures\nunique: /url\n")
    assert apply(tmp_path) == "large unchanged\nsmall changed (description)\n"
    assert writes[-1] == ("small", {"description": "Tiny pictures", "unique": "/url"}, '"1"')
    assert stored["small"]["revision"] == 2


def test_a_file_may_hold_several_kinds_that_it_names(service, tmp_path):
    file = tmp_path / "kinds.yaml"
    file.write_text("name: one\n---\nname: two\ndescription: second\n")
    assert apply(file) == "one created\ntwo created\n"


def test_a_file_that_is_no_definition_is_refused_with_its_name(service, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("- 1\n")
    result = CliRunner().invoke(main, ["kinds", "apply", str(file), "--url", "http://127.0.0.1:1"])
    assert (result.exit_code, "a definition is an object" in result.output) == (1, True)


def test_jobs_of_any_kind_are_submitted_and_a_refused_one_says_why(monkeypatch):
    asked: list[tuple[str, bytes]] = []
    results = [
        {"status": "CREATED", "jobId": "j1"},
        {"status": "FAILED", "code": "invalid", "message": "parameters.name: too short"},
    ]

    def answer(_, request):
        asked.append((request.url.path, request.content))
        return httpx.Response(200, json={"results": results})

    monkeypatch.setattr(executor.Waiting, "_send", lambda self, request, *_: answer(self, request))
    body = '{"jobs": [{"parameters": {"name": "Ann"}}, {"parameters": {"name": ""}}]}'
    command = ["jobs", "submit", "-", "--kind", "greeting", "--url", "http://127.0.0.1:1"]
    shown = CliRunner().invoke(main, command, input=body)
    assert (shown.exit_code, asked) == (1, [("/kinds/greeting/jobs", body.encode())])
    assert "parameters.name: too short" in shown.output
    assert json.loads(CliRunner().invoke(main, [*command, "--json"], input=body).output) == results
