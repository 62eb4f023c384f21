"""Runs code jobs: users' programs, in a sandbox on this machine or on AWS Lambda."""

import threading
from collections.abc import Callable
from typing import Any, Protocol

from job_service.worker.errors import GiveUp
from job_service.worker.job import Job
from job_service.worker.sandbox.execution import Execution
from job_service.worker.worker import Worker

KIND = "code"
_LINE_CHARACTERS = 9_000
_OUTPUT_CHARACTERS = 200_000
_CUT = "\n[cut: the rest is not kept]"


class Executor(Protocol):
    """Runs one program to its end."""

    def run(
        self,
        code: str,
        input: dict[str, Any],  # noqa: A002  the word of the contract
        on_output: Callable[[str], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> Execution:
        """Return how the program ended; nothing that the program does raises an error here."""


def runs_code(worker: Worker, executor: Executor) -> None:
    """Make a worker run code jobs."""

    @worker.handles(KIND)
    def run(job: Job) -> str:
        execution = executor.run(job.parameters["code"], job.parameters["input"], cancelled=job.cancelled)
        if job.cancelled.is_set() and execution.reason:
            job.log(execution.reason)
        job.checkpoint()
        for piece in _pieces(execution.log):
            job.log(piece)
        output = execution.output
        if len(output) > _OUTPUT_CHARACTERS:
            output = output[:_OUTPUT_CHARACTERS] + _CUT
        if execution.outcome == "error":
            raise GiveUp(execution.reason or "The program ended with an error", result=output)
        return output


def _pieces(log: str) -> list[str]:
    """Cut a long log into entries that the service accepts; of a too long one the end is kept, which says most."""
    text = log[-10 * _LINE_CHARACTERS :]
    return [text[start : start + _LINE_CHARACTERS] for start in range(0, len(text), _LINE_CHARACTERS)]
