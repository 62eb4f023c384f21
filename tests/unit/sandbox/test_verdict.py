import pytest

from job_service.worker.sandbox.capture import Captured
from job_service.worker.sandbox.verdict import execution


def judged(status, log="", stopped=None, truncated=False):
    return execution(Captured("out", log, stopped, truncated, 1.5), status, 1000)


def exited(code):
    return code << 8


def test_an_end_without_fault_is_done():
    result = judged(exited(0))

    assert (result.outcome, result.reason, result.exit_status, result.signal) == ("done", None, 0, None)
    assert (result.output, result.duration_seconds, result.peak_memory_bytes) == ("out", 1.5, 1000)


@pytest.mark.parametrize(
    ("status", "log", "reason", "exit_status", "signal"),
    [
        (exited(1), "", "The program ended with exit status 1.", 1, None),
        (exited(3), "a\nlast line \n", "The program ended with exit status 3: last line", 3, None),
        (exited(1), "x" * 1000, f"The program ended with exit status 1: {'x' * 200}", 1, None),
        (exited(128 + 11), "log", "The program was ended by SIGSEGV.", None, 11),
        (exited(128 + 99), "", "The program was ended by signal 99.", None, 99),
        (9, "", "The sandbox was ended from outside (SIGKILL).", None, None),
    ],
)
def test_every_other_end_is_an_error_and_says_why(status, log, reason, exit_status, signal):
    result = judged(status, log)

    assert (result.outcome, result.reason) == ("error", reason)
    assert (result.exit_status, result.signal) == (exit_status, signal)


def test_why_it_was_stopped_counts_more_than_how_it_ended():
    assert judged(exited(0), stopped="Too much.", truncated=True).reason == "Too much."
    assert judged(exited(0), stopped="Too much.", truncated=True).outcome == "error"
