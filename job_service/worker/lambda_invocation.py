"""Invokes a function on AWS Lambda by boto3, and turns AWS's errors into sentences.

Importing this needs boto3 (the extra `lambda`).
"""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

_CONNECT_SECONDS = 5
# Seconds beyond the program's time limit after which the answer is given up.
_GRACE_SECONDS = 5
_CONNECTIONS = 64

_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "EC2ThrottledException", "RequestLimitExceeded"}
_REFUSED = {
    "AccessDeniedException",
    "UnrecognizedClientException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
}
_TOO_LARGE = {"RequestTooLargeException", "RequestEntityTooLargeException"}
TOO_LARGE = "The program and its input are too large for AWS Lambda."


class Throttled(Exception):
    """AWS refused the request, because there were too many; the function did not run."""


class InvocationFailed(Exception):
    """There is no answer. The message is a sentence that says why; the function may have run."""


@dataclass(frozen=True, slots=True)
class Target:
    """The function and its region; `endpoint_url` replaces AWS's own address."""

    function: str
    region: str
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The function's returned value or, with `failed`, its error; bytes that should be JSON."""

    payload: bytes
    failed: bool


class LambdaFunction:
    """The function, invoked exactly once for each call of `invoke`."""

    def __init__(self, target: Target, seconds: float, answer_bytes: int) -> None:
        self._target = target
        self._answer_bytes = answer_bytes
        self._seconds = seconds
        self._client: Any = boto3.Session().client(
            "lambda",
            region_name=target.region,
            endpoint_url=target.endpoint_url,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=seconds + _GRACE_SECONDS,
                retries={"total_max_attempts": 1},
                max_pool_connections=_CONNECTIONS,
            ),
        )

    def invoke(self, payload: bytes) -> Answer:
        """Invoke the function and wait for its answer. Raises Throttled and InvocationFailed."""
        try:
            response = self._client.invoke(FunctionName=self._target.function, Payload=payload)
            answer = _read(response["Payload"], self._answer_bytes)
        except ClientError as error:
            raise self._refusal(error.response.get("Error", {}).get("Code", "an error")) from error
        except (BotoCoreError, BotoConnectionError) as error:
            raise InvocationFailed(self._failure(error)) from error
        return Answer(answer, failed="FunctionError" in response)

    def _refusal(self, code: str) -> Throttled | InvocationFailed:
        if code in _THROTTLED:
            return Throttled(code)
        if code in _TOO_LARGE:
            return InvocationFailed(TOO_LARGE)
        if code in _REFUSED:
            return InvocationFailed(f"AWS refused the worker's credentials ({code}).")
        if code == "ResourceNotFoundException":
            return InvocationFailed(f"AWS Lambda has no function {self._target.function!r} in {self._target.region}.")
        return InvocationFailed(f"AWS Lambda failed ({code}).")

    def _failure(self, error: Exception) -> str:
        if isinstance(error, ReadTimeoutError):
            return f"AWS Lambda did not answer within {self._seconds + _GRACE_SECONDS:g} seconds."
        if isinstance(error, NoCredentialsError):
            return "The worker has no credentials for AWS."
        if isinstance(error, ConnectTimeoutError | EndpointConnectionError):
            return "AWS Lambda cannot be reached."
        return f"The answer of AWS Lambda broke off ({type(error).__name__})."


def _read(stream: Any, most: int) -> bytes:
    """Read a stream of at most `most` bytes. Raises InvocationFailed, and boto3's errors."""
    answer: bytes = stream.read(most + 1)
    if len(answer) > most:
        raise InvocationFailed(f"AWS Lambda answered more than {most:,} bytes.")
    # Only a read at the end detects a truncated body.
    stream.read(1)
    return answer
