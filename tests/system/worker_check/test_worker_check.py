"""Whole worker programs on the check of `job-service worker-check`."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "examples"
WORKER = str(EXAMPLES / "worker.sh")
GREETINGS = ("--kind", str(EXAMPLES / "greeting.yaml"), "--parameters", '{"name": "{n}", "times": 6}')
RULES = [
    "claims a job and completes it",
    "heartbeats",
    "honors a cancelled job",
    "honors paused",
    "survives a lost lease",
    "survives a restart of the service",
    "stops in order",
]

#: Claims without a pause, never says how it goes, and dies of SIGTERM.
DEAF = """
import json, os, time, uuid, urllib.request
def ask(method, path, body):
    request = urllib.request.Request(os.environ["JOB_SERVICE_URL"] + path, json.dumps(body).encode(), method=method)
    request.add_header("Content-Type", "application/json")
    return json.load(urllib.request.urlopen(request, timeout=10))
while True:
    try:
        claim = uuid.uuid4().hex
        wanted = {"kind": "dataset", "worker": "deaf", "claimId": claim, "leaseSeconds": 5}
        for held in ask("POST", "/claims", wanted)["claims"]:
            time.sleep(int(os.environ["JOB_SERVICE_CHECK_WORK_SECONDS"]))
            ask("PATCH", f"/claims/{claim}/jobs/{held['job']['jobId']}", {"status": "completed"})
    except OSError:
        pass
    time.sleep(0.1)
"""


@pytest.fixture
def check():
    """Start the check of a program; what still runs at the end of the test is told to stop."""
    with ExitStack() as stack:

        def check(*command, of=()):
            arguments = [sys.executable, "-m", "job_service", "worker-check", "--json", *of, "--", *command]
            environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
            checking = subprocess.Popen(
                arguments,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(checking.communicate)
            stack.callback(checking.terminate)
            return checking

        yield check


def findings(checking):
    output, said = checking.communicate(timeout=180)
    assert output, said
    return {finding["rule"]: finding["verdict"] for finding in json.loads(output)}


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_the_examples_keep_every_rule_and_a_deaf_worker_is_found_out(check):
    kit, shell = check(sys.executable, str(EXAMPLES / "worker.py"), of=GREETINGS), check(WORKER, of=GREETINGS)
    deaf = check(sys.executable, "-c", DEAF)
    kept = dict.fromkeys(RULES, "kept")
    assert findings(kit) == kept
    assert findings(shell) == kept
    broken = {"heartbeats", "honors a cancelled job", "honors paused", "stops in order"}
    assert findings(deaf) == kept | dict.fromkeys(broken, "broken")
    assert (kit.returncode, shell.returncode, deaf.returncode) == (0, 0, 1)


def test_a_program_that_cannot_be_started_is_told_in_a_sentence(check):
    checking = check("/nowhere/worker")
    _, said = checking.communicate(timeout=100)
    assert checking.returncode == 1
    assert "/nowhere/worker cannot be started: No such file or directory" in said


def test_jobs_that_the_kind_does_not_take_are_told_in_a_sentence(check, tmp_path):
    checking = check(WORKER, of=(*GREETINGS[:3], '{"times": 6}'))
    _, said = checking.communicate(timeout=100)
    assert checking.returncode == 1
    assert 'The service does not take the job of a check: parameters: "name" is a required property' in said
    none = tmp_path / "none.yaml"
    none.write_text("")
    checking = check(WORKER, of=("--kind", str(none)))
    _, said = checking.communicate(timeout=100)
    assert f"{none} has to define one kind, and defines 0" in said
    checking = check(WORKER, of=("--parameters", "{"))
    _, said = checking.communicate(timeout=100)
    assert (checking.returncode, "this is no JSON" in said) == (2, True)


def test_a_worker_that_ends_at_once_is_told(check):
    checking = check(sys.executable, "-c", "raise SystemExit(3)")
    output, _ = checking.communicate(timeout=100)
    [finding] = json.loads(output)
    assert finding["verdict"] == "broken"
    assert "It ended with status 3." in finding["why"]


def test_a_check_that_is_stopped_leaves_nothing_behind(check):
    checking = check(sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    worker = int(checking.stderr.readline())
    children = Path(f"/proc/{checking.pid}/task/{checking.pid}/children").read_text().split()
    assert str(worker) in children
    checking.terminate()
    checking.communicate(timeout=100)
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []
