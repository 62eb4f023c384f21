"""`serve` on a terminal: lines for people, and none for each request."""

import os
import pty
import re
import subprocess
from contextlib import contextmanager

import httpx
import pytest

from tests.system.instances import url_of
from tests.system.serving.real import OPTIONS, SERVE
from tests.system.serving.service import environment_with
from tests.system.serving.waiting import until

CTRL_C = b"\x03"
LINE = re.compile(r"(\d\d:\d\d:\d\d  .+|The job service answers at http://\S+ \(Ctrl-C ends it\)|\^C)")


class Screen:
    """What a process has written to its terminal so far."""

    def __init__(self, keyboard):
        os.set_blocking(keyboard, False)
        self._keyboard = keyboard
        self.lines = []
        self._rest = b""

    def read(self):
        """Take what is there now; give all lines."""
        try:
            while more := os.read(self._keyboard, 65_536):
                *whole, self._rest = (self._rest + more).split(b"\n")
                self.lines += [line.decode().strip() for line in whole]
        except (BlockingIOError, OSError):
            pass
        return self.lines

    def line(self, pattern):
        """Wait for a line with this in it; give the match."""
        return until(lambda: next(filter(None, (re.search(pattern, line) for line in self.read())), None))


@contextmanager
def on_a_terminal(database, **environment):
    keyboard, screen = pty.openpty()
    told = environment_with({"MONGODB_URL": database, "TERM": "xterm", **environment})
    for name in ("NO_COLOR", "FORCE_COLOR"):
        told.pop(name, None)
    with subprocess.Popen(
        [*SERVE, *OPTIONS], env=told | environment, stdin=screen, stdout=screen, stderr=screen, start_new_session=True
    ) as process:
        os.close(screen)
        try:
            yield process, keyboard, Screen(keyboard)
        finally:
            process.kill()
            os.close(keyboard)


@pytest.fixture
def database_url(new_database, mongod_url):
    return url_of(mongod_url, new_database)


def test_people_read_what_happens_and_no_line_a_request(database_url):
    with on_a_terminal(database_url, NO_COLOR="1") as (process, _, screen):
        url = screen.line(r"answers at (\S+)")[1]
        screen.line("  ready, without credentials")
        with httpx.Client(base_url=url, trust_env=False) as http:
            [job] = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]}).json()
        screen.line(f"  dataset {job['job_id']}: new → queued \\(create\\)$")
        process.terminate()
        screen.line(r"  The job service stops \(SIGTERM\)$")
        assert process.wait(30) == 0
        assert [line for line in screen.read() if not LINE.fullmatch(line)] == []
        assert "POST" not in "".join(screen.lines)


def test_whoever_asks_gets_the_requests_and_colors_are_where_nobody_forbids_them(database_url):
    with on_a_terminal(database_url, LOG_REQUESTS="yes") as (_, _, screen):
        url = screen.line(r"answers at (\S+)")[1]
        httpx.get(f"{url}/jobs?kind=all", trust_env=False)
        screen.line("^\033\\[2m\\d\\d:\\d\\d:\\d\\d\033\\[0m  GET /jobs 200 in \\d+[.]\\d{3} s, by local$")
