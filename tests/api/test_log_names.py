"""The log names who asked, beside what became of it."""

import io
import json
import logging

import pytest

from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.logs import JsonLines, TextLines
from job_service.mongo.store import open_store
from job_service.web.logs import log_transitions
from tests.api.asking import claim, path_of, submitted
from tests.api.test_tokens import admin, bearer, create

__all__ = ["admin"]  # a fixture


class Log:
    """What is written, for programs and for people."""

    def __init__(self):
        self.json, self.text = io.StringIO(), io.StringIO()

    def lines(self, **wanted):
        """Give the lines for programs that say all this."""
        lines = map(json.loads, self.json.getvalue().splitlines())
        return [line for line in lines if wanted.items() <= line.items()]


@pytest.fixture
def store(database, clock):
    """A store that logs its moves."""
    opened = open_store(database, STORES, RetryPolicy(), log_transitions, clock)
    opened.prepare()
    yield opened
    opened.wakeups.stop()


@pytest.fixture
def log(monkeypatch):
    ours, log = logging.getLogger("job_service"), Log()
    handlers = [logging.StreamHandler(log.json), logging.StreamHandler(log.text)]
    for handler, formatter in zip(handlers, (JsonLines(), TextLines(colors=False)), strict=True):
        handler.setFormatter(formatter)
        ours.addHandler(handler)
    before = ours.level
    ours.setLevel(logging.INFO)
    yield log
    ours.setLevel(before)
    for handler in handlers:
        ours.removeHandler(handler)


def test_a_request_and_what_it_does_to_a_job_name_the_token(http, admin, log):
    anna = create(http, "anna", "operate", "submit", token=admin).json["token"]
    body = {"jobs": [{"operation": "ADD", "target": "AGE"}]}
    job = http.post("/jobs", json=body, headers=bearer(anna)).json[0]["job_id"]
    assert http.post(f"/jobs/{job}/cancel", headers=bearer(anna)).status_code == 200
    [request] = log.lines(message="request", path=f"/jobs/{job}/cancel")
    [move] = log.lines(message="cancel", jobId=job)
    assert (request["by"], move["by"]) == ("anna", "anna")
    assert request["requestId"] == move["requestId"]
    assert f"POST /jobs/{job}/cancel 200 in " in log.text.getvalue()
    assert f"dataset {job}: queued → cancelled (cancel)\n" in log.text.getvalue()


def test_a_refused_request_names_nobody_that_it_is_not(http, admin, log):
    assert http.get("/jobs", headers=bearer("made-up")).status_code == 401
    [request] = log.lines(message="request", path="/jobs")
    assert "by" not in request


def test_without_credentials_it_is_this_machine(http, log):
    submitted(http, "AGE")
    [held] = claim(http)
    http.patch(path_of(held), json={"status": "completed"})
    assert {line["by"] for line in log.lines(message="request")} == {"local"}
    assert [line["worker"] for line in log.lines(message="finish")] == ["w"]


def test_many_jobs_at_once_are_a_line_each_for_programs_and_one_for_people(http, log):
    jobs = submitted(http, *(f"N{number}" for number in range(10)))
    assert [line["jobId"] for line in log.lines(message="create")] == jobs
    assert [line[10:] for line in log.text.getvalue().splitlines() if "create" in line] == [
        "10 dataset jobs: new → queued (create)"
    ]


def test_a_line_for_people_does_not_say_that_a_worker_ended_what_it_only_held(http, log):
    (job,) = submitted(http, "AGE")
    claim(http, worker="holder")
    http.post(f"/jobs/{job}/cancel", json={"now": True})
    assert f"{job}: queued → running (claim by holder)" in log.text.getvalue()
    assert f"{job}: running → cancelled (cancel, held by holder)" in log.text.getvalue()
