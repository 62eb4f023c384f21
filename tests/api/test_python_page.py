"""`docs/python.md` is true: its code runs, and what its tables name is there."""

import re
import threading
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from job_service import client as front_door
from job_service.client import JobServiceClient
from job_service.worker import Job

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
CLIENT, ERRORS, KIT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def here(app, monkeypatch):
    """Let the code of the page reach the application under test."""
    local = partial(JobServiceClient, transport=httpx.WSGITransport(app=app))
    monkeypatch.setattr(front_door, "JobServiceClient", local)
    monkeypatch.setenv("JOB_SERVICE_URL", "http://127.0.0.1")
    return local


@pytest.mark.usefixtures("here")
def test_the_code_of_the_client_runs(capsys):
    exec(CLIENT, {})
    exec(ERRORS, {})
    said = capsys.readouterr().out
    assert 'FAILED parameters.name: the value is not of type "string"' in said
    assert "queued Ann" in said
    assert "['Nobody has asked for jobs like this one in the last two minutes']" in said
    assert "404 not-found No job found for jobId: no-such-job" in said
    assert "unknown value 'sleeping'" in said


def test_the_code_of_the_kit_does_a_job(here):
    kit: dict[str, Any] = {}
    exec(KIT, kit)
    with here("http://127.0.0.1") as client:
        client.kinds.put("greeting", {})
        [answer] = client.kinds.submit("greeting", [{"parameters": {"name": "Ann"}}]).results
        thread = threading.Thread(target=kit["worker"].run)
        thread.start()
        job = client.jobs.get(answer.job_id, wait=20)
        kit["worker"].stop()
        thread.join()
    kit["client"].close()
    assert (job.state, job.result) == ("completed", {"parts": 10})
    assert "Part 9 of Ann, attempt 1" in job.log[-2].message


def test_the_methods_and_errors_of_the_tables_are_there():
    with JobServiceClient("http://127.0.0.1") as client:
        for names, methods in re.findall(r"^\| (`client\.[^|]*) \| ((?:`[a-z_ ]+`(?:; )?)+)", PAGE, re.MULTILINE):
            resources = re.findall(r"client\.(\w+)", names)
            for resource, listed in zip(resources, re.findall(r"`([a-z_ ]+)`", methods), strict=True):
                assert [name for name in listed.split() if not hasattr(getattr(client, resource), name)] == []
    table = PAGE[PAGE.index("| error | is |") : PAGE.index("A refused item")]
    assert [name for name in re.findall(r"`([A-Z]\w+)`", table) if not hasattr(front_door, name)] == []
    assert [
        name
        for name in re.findall(r"`job\.(status|progress|log|checkpoint|id|parameters)\b", PAGE)
        if not hasattr(Job, name)
    ] == []
