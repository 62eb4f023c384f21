import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from job_service.worker.sandbox.capture import Bounds, Capture, OutlivedItsKill

ROOMY = Bounds(seconds=30, output_bytes=1000, log_bytes=1000)


@pytest.fixture
def started():
    """Start a Python with this program, and end it with the test."""
    processes = []

    def start(code):
        process = subprocess.Popen([sys.executable, "-IS", "-c", code], stdin=PIPE, stdout=PIPE, stderr=PIPE)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe
            pipe.close()


def captured(process, bounds=ROOMY, document=b"", listener=None, kill=None):
    return Capture(process, bounds, listener).run(document, kill or process.kill)


def test_output_and_errors_are_kept_apart(started):
    result = captured(started("import sys; print('out'); print('err', file=sys.stderr)"))

    assert (result.output, result.log, result.stopped, result.truncated) == ("out\n", "err\n", None, False)


def test_the_document_is_handed_over_whole_however_slowly_it_is_read(started):
    result = captured(started("import sys; print(len(sys.stdin.buffer.read()))"), document=b"x" * 3_000_000)

    assert result.output == "3000000\n"


def test_a_process_that_does_not_read_its_document_is_no_trouble(started):
    result = captured(started("import os; os.close(0); print(1)"), document=b"x" * 3_000_000)

    assert (result.output, result.stopped) == ("1\n", None)


@pytest.mark.parametrize(
    ("stream", "kept", "reason"),
    [
        ("stdout", ("x" * 1000, ""), "The program printed more than 1,000 bytes and was stopped."),
        ("stderr", ("", "x" * 1000), "The program wrote more than 1,000 bytes of errors and was stopped."),
    ],
)
@pytest.mark.parametrize("then", ["", "while True: pass"])
def test_what_is_too_much_is_cut_and_stops_it(started, stream, kept, reason, then):
    result = captured(started(f"import sys\nsys.{stream}.write('x' * 1001)\nsys.{stream}.flush()\n{then}"))

    assert (result.output, result.log) == kept
    assert result.stopped == reason
    assert result.truncated


def test_exactly_as_much_as_allowed_is_fine(started):
    result = captured(started("import sys; sys.stdout.write('x' * 1000)"))

    assert (result.output, result.stopped, result.truncated) == ("x" * 1000, None, False)


def test_time_is_up_even_when_its_pipes_are_closed(started):
    process = started("import os, time\nfor n in (0, 1, 2): os.close(n)\ntime.sleep(600)")

    result = captured(process, Bounds(seconds=0.5, output_bytes=10, log_bytes=10))

    assert result.stopped == "The program was stopped after 0.5 seconds."
    assert 0.5 <= result.seconds < 1.5
    assert not result.truncated


def test_the_watch_can_stop_it(started):
    watched = threading.Event()
    bounds = Bounds(30, 10, 10, watch=lambda: "enough" if watched.is_set() else watched.set())

    assert captured(started("import time; time.sleep(600)"), bounds).stopped == "enough"


def test_characters_are_put_together_again_wherever_the_pieces_end(started):
    heard: list[str] = []
    code = "import sys\nfor byte in 'é☃𝄞'.encode(): sys.stdout.buffer.raw.write(bytes([byte]))"

    result = captured(started(code), listener=heard.append)

    assert result.output == "é☃𝄞"
    assert "".join(heard) == "é☃𝄞"


def test_a_character_cut_in_two_by_the_limit_is_left_out(started):
    result = captured(started("print('é' * 10)"), Bounds(30, output_bytes=3, log_bytes=10))

    assert result.output == "é"
    assert result.truncated


def test_what_survives_its_kill_is_not_waited_for_without_end(started, monkeypatch):
    monkeypatch.setattr("job_service.worker.sandbox.capture._LAST_BREATH_SECONDS", 0.1)

    with pytest.raises(OutlivedItsKill):
        captured(started("import time; time.sleep(600)"), Bounds(0.1, 10, 10), kill=lambda: None)


def test_a_process_without_pipes_is_a_mistake_of_the_caller():
    with subprocess.Popen([sys.executable, "-IS", "-c", ""]) as process, pytest.raises(ValueError, match="three pipes"):
        Capture(process, ROOMY)
