"""A job followed until it has ended."""

import httpx
import pytest
from click.testing import CliRunner

from job_service.client.executor import Waiting
from job_service.command.main import main


@pytest.fixture
def watch(monkeypatch):
    """Watch a job that is looked at in these states, one after another."""

    def watch(*looks, options=()):
        left = [{"jobId": "j1", "kind": "dataset", **look} for look in looks]
        monkeypatch.setattr(Waiting, "_send", lambda *_: httpx.Response(200, json=left.pop(0)))
        return CliRunner().invoke(main, ["jobs", "watch", "j1", *options])

    return watch


def test_a_job_that_completes_is_status_0(watch):
    result = watch({"state": "queued"}, {"state": "running", "progress": 50}, {"state": "completed"})
    assert (result.exit_code, result.output) == (0, "j1 completed\n")


@pytest.mark.parametrize("state", ["failed", "cancelled", "quarantined"])
def test_a_job_that_ends_otherwise_is_status_1_and_says_why(watch, state):
    result = watch({"state": "running"}, {"state": state, "error": "the tar is\x1b[31m broken"})
    assert (result.exit_code, result.output) == (1, f"j1 {state}: the tar is�[31m broken\n")


def test_programs_get_the_job_as_it_ended(watch):
    assert '"state": "completed"' in watch({"state": "completed"}, options=["--json"]).output
