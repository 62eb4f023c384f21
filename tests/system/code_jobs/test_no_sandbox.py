"""A machine without bubblewrap: no program runs, and that is said in one sentence."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.system.code_jobs.asking import core, shown, submit
from tests.system.code_jobs.conftest import COMMAND, served
from tests.system.serving.service import environment_with
from tests.system.serving.waiting import until

SENTENCE = "No sandbox is available: bubblewrap is not installed (Debian: bubblewrap)."


@pytest.fixture
def path(tmp_path):
    """A PATH with all there is but bubblewrap."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*"):
            (folder / program.name).unlink(missing_ok=True)
            (folder / program.name).symlink_to(program)
    (folder / "bwrap").unlink()
    return str(folder)


def test_the_worker_refuses_to_start(path):
    environment = environment_with({"PATH": path})
    worker = subprocess.run(
        [*COMMAND, "worker", "code"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert (worker.returncode, worker.stderr) == (1, f"Error: {SENTENCE}\n")


def test_the_service_goes_on_and_says_so_once(path, tmp_path):
    with served(tmp_path, PATH=path) as service:
        until(lambda: SENTENCE in service.said)
        worker = service.worker()
        number = submit(service.http, "print(a + b)", a=5, b=3)["job_id"]
        assert shown(service.http, number, wait=1)["status"] == "WAITING"
        reasons = service.http.get(f"/jobs/{core(service.http, number)['jobId']}/explain").json()["reasons"]
        [told] = [reason["message"] for reason in reasons if reason["code"] == "no-live-worker"]
        assert told.endswith("; start: job-service worker code (needs bubblewrap, or Lambda)")
        assert service.http.get("/health/ready").status_code == 200
        assert service.said.count(SENTENCE) == 1
        assert "is started again" not in service.said
        assert service.worker() == worker


def test_a_service_for_lambda_without_a_function_says_so_once(tmp_path):
    with served(tmp_path, CODE_EXECUTOR="lambda") as service:
        until(lambda: "Code jobs wait: The executor lambda needs --function" in service.said)
        assert submit(service.http, "print(1)")["job_id"] == 1
        assert service.said.count("Code jobs wait:") == 1
