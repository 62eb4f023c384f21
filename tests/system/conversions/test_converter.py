import os
import sys
import threading
import time
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from job_service.client import ONCE, JobServiceClient
from job_service.worker.conversions.active_check import ActiveCheck
from job_service.worker.conversions.converter import (
    Conversion,
    ConversionFailed,
    ConversionStopped,
    Converter,
    convert,
)
from tests.system.programs.processes import DEADLINE, ends

CHECK_SECONDS = 0.5
GRACE_SECONDS = 0.3
JOB_ID = "01JD0000000000000000000000"
DOCUMENT = {"storageRoot": "gs://bucket", "storageVersion": 42, "topic": "dåta \U0001f60e", "nested": [None, True]}


def conversion(document=None, attempt=1):
    return Conversion(JOB_ID, "sirius", DOCUMENT if document is None else document, attempt)


def converter(program, *arguments):
    return Converter([sys.executable, "-c", program, *arguments], dict(os.environ), GRACE_SECONDS)


def never():
    return False


def test_the_program_gets_the_document_and_its_last_lines_are_the_log():
    program = "import json, sys; print(json.load(sys.stdin) == eval(sys.argv[1])); print('ok', file=sys.stderr)"
    assert sorted(convert(conversion(), converter(program, repr(DOCUMENT)), never)) == ["True", "ok"]


def test_the_program_learns_which_job_and_attempt_it_is():
    program = "import os; print(*(os.environ[f'JOB_{name}'] for name in ('ID', 'SOURCE', 'ATTEMPT')))"
    assert convert(conversion(attempt=2), converter(program), never) == [f"{JOB_ID} sirius 2"]


def test_a_program_that_reads_nothing_may_succeed():
    assert convert(conversion({"large": "x" * 1_000_000}), converter("pass"), never) == []


def test_another_exit_status_fails_the_job_with_the_last_lines_of_standard_error():
    program = "import sys; print('halfway'); [print(f'line {n}', file=sys.stderr) for n in range(9)]; sys.exit(3)"
    with pytest.raises(ConversionFailed) as caught:
        convert(conversion(), converter(program), never)
    assert str(caught.value) == "The program ended with exit status 3: line 4\nline 5\nline 6\nline 7\nline 8"
    assert sorted(caught.value.log) == ["halfway", *(f"line {n}" for n in range(9))]


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise SystemExit(1)", "exit status 1."),
        ("import os; os.kill(os.getpid(), 9)", "signal 9."),
    ],
)
def test_a_silent_failure_says_how_it_ended(program, reason):
    with pytest.raises(ConversionFailed, match=reason):
        convert(conversion(), converter(program), never)


def test_a_program_that_is_not_there_fails_the_job():
    with pytest.raises(ConversionFailed, match="no-such-program: No such file"):
        convert(conversion(), Converter(["no-such-program"], dict(os.environ)), never)


FAMILY = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
asleep = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
child = subprocess.Popen([sys.executable, "-c", asleep], stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
with open(sys.argv[1], "w") as told:
    print(os.getpid(), child.pid, file=told, flush=True)
signal.pause()
"""


class Boss:
    """The one route a converter asks while it works, on a real socket."""

    def __init__(self):
        self.stopped = threading.Event()
        self.asked: list[str] = []
        boss = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                boss.asked.append(self.path)
                self.send_response(HTTPStatus.NOT_FOUND if boss.stopped.is_set() else HTTPStatus.OK)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def boss():
    made = Boss()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def pids_told_in(fifo):
    with open(fifo, encoding="ascii") as told:  # noqa: PTH123 - opens when the program does
        return [int(each) for each in told.read().split()]


def converting(boss, fifo, outcome):
    with JobServiceClient(boss.url, retry=ONCE) as client:
        is_active = partial(client.conversions.is_active, "sirius", JOB_ID)
        with ActiveCheck(is_active, CHECK_SECONDS) as check:
            try:
                convert(conversion(), converter(FAMILY, str(fifo)), check.has_ended)
            except ConversionStopped as stopped:
                outcome.append((stopped, time.monotonic()))


def test_a_job_that_is_not_active_any_more_ends_its_program_within_the_check_interval(boss, tmp_path):
    fifo = tmp_path / "told"
    os.mkfifo(fifo)
    outcome: list[tuple[ConversionStopped, float]] = []
    work = threading.Thread(target=converting, args=(boss, fifo, outcome))
    work.start()
    program, grandchild = pids_told_in(fifo)

    boss.stopped.set()
    stopped_at = time.monotonic()
    work.join(DEADLINE)

    [(_, ended_at)] = outcome
    assert ended_at - stopped_at < CHECK_SECONDS + GRACE_SECONDS + 3
    assert ends(program)
    assert ends(grandchild)
    assert set(boss.asked) == {f"/job/active/sirius/{JOB_ID}"}


def test_a_service_that_is_away_does_not_stop_the_program(boss, tmp_path):
    boss.server.socket.close()
    program = "import sys; sys.stdin.read(); print('done')"
    with JobServiceClient(boss.url, retry=ONCE, timeout_seconds=0.2) as client:
        is_active = partial(client.conversions.is_active, "sirius", JOB_ID)
        with ActiveCheck(is_active, 0.01) as check:
            assert convert(conversion(), converter(program), check.has_ended) == ["done"]


def test_a_program_that_tidies_up_gets_the_time_for_it(tmp_path):
    started = tmp_path / "started"
    os.mkfifo(started)
    tidy = (
        "import signal, sys; signal.signal(15, lambda *_: (print('tidy', flush=True), sys.exit()));"
        "open(sys.argv[1], 'w').close(); signal.pause()"
    )
    waiting = threading.Thread(target=pids_told_in, args=(started,))
    waiting.start()
    patient = Converter([sys.executable, "-c", tidy, str(started)], dict(os.environ), grace_seconds=DEADLINE)
    begun = time.monotonic()
    with pytest.raises(ConversionStopped):
        convert(conversion(), patient, lambda: not waiting.is_alive())
    assert time.monotonic() - begun < DEADLINE
