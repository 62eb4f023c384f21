"""Runs a program on one document."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from job_service.worker.programs import Ended, Run, Tail, run

LINES_OF_LOG = 30
LINES_OF_REASON = 5


class ConversionFailed(Exception):
    """The program has failed; the message is its last line, `log` its last lines."""

    def __init__(self, reason: str, log: Sequence[str]) -> None:
        super().__init__(reason)
        self.log = list(log)


class ConversionStopped(Exception):
    """The program was stopped because its job is no longer active."""


@dataclass(frozen=True)
class Converter:
    """A program: its argument vector, given to no shell, and its environment beside the job's variables."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    grace_seconds: float = 5.0


@dataclass(frozen=True)
class Conversion:
    """A document of a source. `attempt` counts from 1, so that a program can recognize a repetition."""

    job_id: str
    source: str
    document: Mapping[str, Any]
    attempt: int = 1


def convert(conversion: Conversion, converter: Converter, should_stop: Callable[[], bool]) -> list[str]:
    """Pipe the document to the program as one line of JSON and wait for the program's end; return its last lines.

    The program finds `JOB_ID`, `JOB_SOURCE` and `JOB_ATTEMPT` in its environment. Exit status 0 is success, any other
    is `ConversionFailed`. When `should_stop` returns True, the program and its descendants are killed:
    `ConversionStopped`.
    """
    log, errors = Tail(LINES_OF_LOG), Tail(LINES_OF_REASON)

    def hear_error(line: str) -> None:
        log.add(line)
        errors.add(line)

    ended = run(
        Run(
            converter.command,
            stdin=json.dumps(conversion.document).encode() + b"\n",
            on_stdout=log.add,
            on_stderr=hear_error,
            should_stop=should_stop,
            grace_seconds=converter.grace_seconds,
            environment={**converter.environment, **_variables(conversion)},
        )
    )
    if ended.stopped:
        raise ConversionStopped
    if ended.returncode:
        raise ConversionFailed(_reason(ended, errors), log.lines())
    return log.lines()


def _variables(conversion: Conversion) -> dict[str, str]:
    return {
        "JOB_ID": conversion.job_id,
        "JOB_SOURCE": conversion.source,
        "JOB_ATTEMPT": str(conversion.attempt),
    }


def _reason(ended: Ended, errors: Tail) -> str:
    how = f"signal {-ended.returncode}" if ended.returncode < 0 else f"exit status {ended.returncode}"
    said = errors.text()
    return f"The program ended with {how}: {said}" if said else f"The program ended with {how}."
