"""How a job ends, decided from what its handler returned or raised."""

import inspect
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from job_service.worker.errors import GiveUp, JobCancelled, LeaseLost, TryAgain
from job_service.worker.texts import clean, named_reason_of, reason_of

GiveUpOn = tuple[type[Exception], ...]
Final = Literal["completed", "failed", "cancelled"]

#: The longest delay, in seconds, that the service accepts.
LONGEST_DELAY_SECONDS = 30 * 86_400
#: The words that the service takes as the code of a failure.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
#: The advice for a handler that is a coroutine.
NOT_AWAITED = "nothing awaits it; let a plain function call asyncio.run(...)"
#: The shortest delay in seconds: a job that was released without one would be claimed, and fail, in a busy loop.
SHORTEST_DELAY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a job, or only of this attempt where `retry` is True."""

    status: Final
    result: Any = None
    log: str | None = None
    retry: bool | None = None
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The job is released, and may be claimed again after `delay` seconds."""

    log: str
    delay: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Nothing more is reported: another worker may have the job."""


Ending = Finish | GiveBack | Drop


def conclude(
    work: Callable[[], Any], *, give_up_on: tuple[type[Exception], ...], cancelled: Callable[[], bool]
) -> Ending:
    """Call the handler and return how the job ends; never raises."""
    try:
        return completed(work())
    except BaseException as error:  # noqa: BLE001 - whatever a handler does, the other jobs of this worker go on
        return _however(error, give_up_on=give_up_on, cancelled=cancelled())


def completed(result: Any) -> Finish:
    """Return the end with a handler's result, copied as JSON; a failure where the result is not JSON."""
    if inspect.iscoroutine(result):
        result.close()
        return Finish("failed", log=f"The handler returned a coroutine: {NOT_AWAITED}", retry=False)
    try:
        text = json.dumps(result, allow_nan=False, ensure_ascii=False)
        text.encode()
        return Finish("completed", result=json.loads(text))
    except BaseException as error:  # noqa: BLE001 - a class may raise anything when its values are encoded
        return Finish("failed", log=f"The result cannot be written as JSON: {reason_of(error)}", retry=False)


def _however(error: BaseException, *, give_up_on: GiveUpOn, cancelled: bool) -> Ending:
    try:
        return ending_of(error, give_up_on=give_up_on, cancelled=cancelled)
    except BaseException:  # noqa: BLE001 - a class may raise anything in its type checks and attributes
        return Finish("failed", log=clean(named_reason_of(error)), retry=True)


def ending_of(error: BaseException, *, give_up_on: GiveUpOn, cancelled: bool) -> Ending:
    """Return how a job ends whose handler raised `error`."""
    error = _alone(error)
    match error:
        case LeaseLost():
            return Drop()
        case TryAgain() if (delay := seconds_of(error.delay)) is not None:
            return GiveBack(log=reason_of(error), delay=delay)
        case _ if cancelled or isinstance(error, JobCancelled):
            return Finish("cancelled")
        case GiveUp():
            return _given_up(error)
        case TryAgain():
            return Finish("failed", log=reason_of(error), retry=True)
    return Finish("failed", log=clean(named_reason_of(error)), retry=not isinstance(error, give_up_on))


def seconds_of(delay: object) -> int | None:
    """Return whole seconds within the service's range; None for a value that is no duration."""
    try:
        seconds = delay.total_seconds() if isinstance(delay, timedelta) else float(delay)  # type: ignore[arg-type]  # what has no number raises
    except OverflowError:
        return LONGEST_DELAY_SECONDS if isinstance(delay, int) and delay > 0 else SHORTEST_DELAY_SECONDS
    except Exception:  # noqa: BLE001 - a class may raise anything when it is converted to a number
        return None
    return None if math.isnan(seconds) else math.ceil(min(max(seconds, SHORTEST_DELAY_SECONDS), LONGEST_DELAY_SECONDS))


def _alone(error: BaseException) -> BaseException:
    """Unwrap an error from exception groups that hold it alone, as task groups raise them."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _given_up(error: GiveUp) -> Finish:
    """Return a final failure with the partial result; if that cannot be sent, the job's log says so."""
    left = completed(error.result)
    log = reason_of(error) if left.log is None else clean(f"{reason_of(error)}\n{left.log}")
    return replace(left, status="failed", log=log, retry=False, error_code=_code_of(error.code))


def _code_of(code: object) -> str | None:
    """Return a word that the service takes as the code of a failure; None for any other value."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None
