"""The executor that runs programs on AWS Lambda, which isolates them in virtual machines."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Execution, refused
from job_service.worker.sandbox.pipes import TextListener
from job_service.worker.sandbox.program import UnusableProgram, encode
from job_service.worker.sandbox.verdict import failure

if TYPE_CHECKING:
    from job_service.worker.lambda_invocation import Answer

_PAYLOAD_BYTES = 6_000_000
_QUOTED_CHARACTERS = 500
_TIMED_OUT = re.compile(r"Task timed out after ([\d.]+) seconds")
_REQUEST = re.compile(r"^RequestId: \S+ (Error: )?")
_CANCELLED = "The program was cancelled."


@dataclass(frozen=True, slots=True)
class Patience:
    """The retry policy for throttled invocations; half of each pause is random."""

    tries: int = 6
    first_seconds: float = 0.5
    most_seconds: float = 8.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = SystemRandom().random

    def pause(self, tried: int) -> float:
        """Return the seconds to wait after that many tries."""
        seconds: float = min(self.most_seconds, self.first_seconds * 2 ** (tried - 1))
        return seconds * (1 + self.chance()) / 2


_DEFAULT_PATIENCE = Patience()


class LambdaExecutor:
    """Runs programs by invoking one function; `run` may be called from many threads.

    `timeout` is the program's limit in seconds, with which the function is configured as well. `payload_limit` bounds
    the request and the answer, in bytes. Raises SandboxUnavailable without boto3.
    """

    def __init__(
        self,
        function: str,
        region: str,
        timeout: float = 10.0,
        endpoint_url: str | None = None,
        payload_limit: int = _PAYLOAD_BYTES,
        patience: Patience = _DEFAULT_PATIENCE,
    ) -> None:
        try:
            from job_service.worker import lambda_invocation as aws  # noqa: PLC0415 - boto3 is an extra
        except ImportError as error:
            raise SandboxUnavailable("boto3 is not installed, by which AWS Lambda is invoked") from error
        self._aws = aws
        self._function = aws.LambdaFunction(aws.Target(function, region, endpoint_url), timeout, payload_limit)
        self._payload_limit = payload_limit
        self._patience = patience

    def run(
        self,
        code: str,
        input: dict[str, Any],  # noqa: A002 - the word of the contract
        on_output: TextListener | None = None,
        cancelled: threading.Event | None = None,
    ) -> Execution:
        """Run the program with its input as global variables, and return how that ended.

        The function runs at most once: only a request that AWS throttled is sent again. `on_output` is
        called once, with the whole output. Setting `cancelled` prevents the invocation, but does not stop a running
        one.
        """
        begun = time.monotonic()
        try:
            payload = encode(code, input)
            if len(payload) > self._payload_limit:
                return refused(self._aws.TOO_LARGE)
            answer = self._invoke(payload, cancelled or threading.Event())
        except (UnusableProgram, _Cancelled, self._aws.Throttled, self._aws.InvocationFailed) as error:
            return refused(str(error), time.monotonic() - begun)
        execution = _execution(answer, time.monotonic() - begun)
        if on_output and execution.output:
            on_output(execution.output)
        return execution

    def _invoke(self, payload: bytes, cancelled: threading.Event) -> "Answer":
        for tried in range(1, self._patience.tries + 1):
            if cancelled.is_set():
                raise _Cancelled(_CANCELLED)
            try:
                return self._function.invoke(payload)
            except self._aws.Throttled:
                if tried < self._patience.tries:
                    self._patience.sleep(self._patience.pause(tried))
        raise self._aws.Throttled(f"AWS Lambda was too busy {self._patience.tries} times.")


class _Cancelled(Exception):
    """The caller has cancelled the run."""


def _execution(answer: "Answer", seconds: float) -> Execution:
    """Return the run's outcome from the function's answer, whose form is not trusted."""
    try:
        value = json.loads(answer.payload)
    except (ValueError, RecursionError):
        return refused("AWS Lambda's answer is not JSON.", seconds)
    match value:
        case {"errorMessage": str(message)}:
            return refused(_sentence(message), seconds)
        case [int(code), str(output)] if not answer.failed and not isinstance(code, bool):
            if code == 0:
                return Execution("done", output, "", None, seconds, exit_status=0)
            status, ending = (code, None) if code > 0 else (None, -code)
            return Execution("error", "", output, failure(code, output), seconds, exit_status=status, signal=ending)
    return refused("AWS Lambda's answer is neither [returncode, output] nor an error.", seconds)


def _sentence(message: str) -> str:
    if late := _TIMED_OUT.search(message):
        return f"The program was stopped by AWS Lambda after {float(late[1]):g} seconds."
    return _REQUEST.sub("", message)[:_QUOTED_CHARACTERS]
