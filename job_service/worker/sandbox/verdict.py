"""Derives a program's outcome from the end of its process."""

import os
import signal

from job_service.worker.sandbox.capture import Captured
from job_service.worker.sandbox.execution import Execution

# The offset that shells and bubblewrap add to a signal's number in their exit status.
_SIGNAL_OFFSET = 128
_QUOTED_CHARACTERS = 200


def execution(captured: Captured, status: int, peak_memory_bytes: int | None) -> Execution:
    """Return a run's outcome from its captured output and bubblewrap's wait status."""
    code = os.waitstatus_to_exitcode(status)
    ending = code - _SIGNAL_OFFSET if code > _SIGNAL_OFFSET else None
    reason = captured.stopped or _reason(code, captured.log)
    return Execution(
        outcome="error" if reason else "done",
        output=captured.output,
        log=captured.log,
        reason=reason,
        duration_seconds=captured.seconds,
        peak_memory_bytes=peak_memory_bytes,
        truncated=captured.truncated,
        exit_status=code if code >= 0 and ending is None else None,
        signal=ending,
    )


def failure(code: int, log: str) -> str:
    """Return the sentence for a program that ended with this exit status, not 0; below 0 it is a signal's number."""
    if code < 0:
        return f"The program was ended by {_name(-code)}."
    last = (log.strip().splitlines() or [""])[-1][:_QUOTED_CHARACTERS]
    return f"The program ended with exit status {code}{': ' + last if last else '.'}"


def _reason(code: int, log: str) -> str | None:
    if code == 0:
        return None
    if code < 0:
        return f"The sandbox was ended from outside ({_name(-code)})."
    return failure(_SIGNAL_OFFSET - code if code > _SIGNAL_OFFSET else code, log)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
