"""A stranger follows the tutorial to the letter, in an empty folder."""

import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import sysconfig
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.system.browser import running_chromium
from tests.system.serving.service import all_end
from tests.system.serving.waiting import until
from tests.system.tutorial.following import Terminal, steps

ROOT = Path(__file__).parents[3]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
EXAMPLES = ROOT / "docs" / "examples"
#: What it may take from a service that runs to the first job of a new kind, done, shown and counted.
FIRST_JOB_SECONDS = 60
#: What the commands have in them that see the job done and counted.
COUNTED = "$JOB_SERVICE_URL/metrics"
#: What `scripts/install` looks at to see that nothing has to be installed.
INSTALLED_FROM = ("poetry.lock", "pyproject.toml", "scripts/install", "scripts/requirements.py")


@pytest.fixture
def port():
    """A port that is free, as the tutorial lets its reader choose one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


@pytest.fixture
def terminal(tmp_path):
    """Open the terminal of a number; nothing that was started in one is left at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MONGODB_", "JOB_SERVICE_"))}
    trusting = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    # Standard error is a terminal for those who follow it.
    environment = kept | trusting | {"REPOSITORY": str(ROOT), "LOG_FORMAT": "text", "NO_COLOR": "1"}
    terminals: dict[str, Terminal] = {}
    left: list[int] = []

    def open_terminal(name):
        if name not in terminals:
            terminals[name] = Terminal(tmp_path, environment)
            until_the_end.callback(lambda: left.extend(terminals[name].close()))
        return terminals[name]

    with ExitStack() as until_the_end:
        yield open_terminal
    assert all_end(left)


def install(clone):
    """Put the packages of this environment where `scripts/install` would put them, as installed."""
    environment = clone / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    packages = next(environment.glob("lib/*/site-packages"))
    (packages / "borrowed.pth").write_text(f"{clone}\n{sysconfig.get_path('purelib')}\n")
    command = environment / "bin" / "job-service"
    command.write_text(f"#!{environment}/bin/python\nfrom job_service.command.main import main\n\nmain()\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    contents = b"".join((clone / name).read_bytes() for name in INSTALLED_FROM)
    (environment / ".installed").write_text(f"{clone} {hashlib.sha256(contents).hexdigest()} run\n")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_tutorial_does_what_it_says(terminal, tmp_path, port, record_property):
    ended_at = {}
    for step in steps(TUTORIAL.replace("--no-sample\n", "--no-sample --port 8000\n").replace("8000", port)):
        follow(step, terminal, tmp_path / "job-service")
        if COUNTED in step.what:
            [job, _] = json.loads((tmp_path / "job-service" / "answer.json").read_text())["results"]
            see_in_a_browser(f"http://127.0.0.1:{port}", job["jobId"])
        ended_at[step.what] = time.monotonic()
    ready, counted = (next(at for what, at in ended_at.items() if mark in what) for mark in ("/ready", COUNTED))
    record_property("seconds_to_a_kind_of_ones_own", round(counted - ready, 1))
    assert counted - ready < FIRST_JOB_SECONDS


def see_in_a_browser(url, job):
    with running_chromium() as browser:
        page = browser.new_page(base_url=url)
        page.goto(f"/console/jobs/{job}")
        expect(page.locator("main")).to_contain_text("Hello, Ann!")
        # Each process writes what it has counted once a second.
        until(lambda: page.goto("/console/kinds/greeting") and page.get_by_role("row", name="completed 1").count())


def follow(step, terminal, clone):
    if step.where.startswith("file "):
        (clone / step.where.removeprefix("file ")).write_text(f"{step.what}\n")
    elif step.how == "Ctrl-C":
        terminal(step.where).interrupt()
    elif step.how != "takes minutes":
        terminal(step.where).run(step.what, ends=step.how != "stays busy")
        terminal(step.where).expect(step.said)
    if "git clone" in step.what:
        install(clone)


def test_its_files_are_the_examples_that_the_check_of_workers_is_tried_on():
    shown = {step.where.removeprefix("file "): step.what for step in steps(TUTORIAL) if step.where.startswith("file ")}
    for name, example in (("greeting.yaml",) * 2, ("my_worker.sh", "worker.sh"), ("my_worker.py", "worker.py")):
        assert f"{shown[name]}\n" == (EXAMPLES / example).read_text()
    [checked] = [step.what for step in steps(TUTORIAL) if step.how == "takes minutes"]
    check = 'job-service worker-check --kind greeting.yaml --parameters \'{"name": "{n}", "times": 6}\' --'
    assert checked.splitlines() == [f"{check} python my_worker.py", f"{check} bash my_worker.sh"]


def test_a_worker_takes_twenty_lines_of_bash():
    assert len((EXAMPLES / "worker.sh").read_text().splitlines()) <= 20
