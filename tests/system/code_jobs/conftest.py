"""The service as `serve` starts it, its code worker beside it, and a browser to look at its pages."""

import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from tests.system.browser import running_chromium
from tests.system.serving.service import command_of, descendants, environment_with, first_line
from tests.system.serving.waiting import until

COMMAND = [sys.executable, "-c", "from job_service.command.main import main; main()"]


class Served:
    """A `serve` that answers; `http` is a client of it, `said` what it and its companions wrote."""

    def __init__(self, process, http, errors):
        self.process, self.http, self._errors = process, http, errors

    @property
    def url(self):
        return str(self.http.base_url)

    @property
    def said(self):
        return self._errors.read_text(errors="replace")

    def worker(self):
        """Give the process id of the code worker."""
        return until(lambda: next((pid for pid in descendants(self.process.pid) if is_worker(pid)), None))


def is_worker(pid):
    # Before it becomes the worker it is the tether that will, with the same arguments and one more.
    command = command_of(pid)
    return "\0worker\0code\0" in command and "tether" not in command


@contextmanager
def served(folder, *options, **environment):
    errors = folder / "stderr"
    arguments = ["serve", "--port", "0", "--data-dir", str(folder / "data"), "--workers", "1", *options]
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [*COMMAND, *arguments], env=environment_with(environment), stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            url = next(word for word in first_line(process).split() if word.startswith("http://"))
            with httpx.Client(base_url=url, trust_env=False, timeout=40) as http:
                until(lambda: http.get("/health/ready").status_code == 200)
                yield Served(process, http, errors)
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    programs = folder / "programs"
    programs.mkdir()
    (programs / "soma.py").write_text("print(a + b)\n")
    with served(folder, CODE_TIMEOUT_SECONDS="2", CODE_DIR=str(programs)) as service:
        yield service


@pytest.fixture(scope="session")
def browser():
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, service):
    with browser.new_context(base_url=service.url) as context:
        yield context.new_page()
