"""How a job ends, decided from what its handler returned or raised."""

import inspect
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from job_service.worker.errors import GiveUp, JobCancelled, LeaseLost, TryAgain
from job_service.worker.texts import clean, named_reason_of, reason_of

GiveUpOn = tuple[type[Exception], ...]
Final = Literal["completed", "failed", "cancelled"]

#: The service lets no job wait longer than this.
LONGEST_DELAY_SECONDS = 30 * 86_400
#: What to do about a handler that is a coroutine.
NOT_AWAITED = "nothing awaits it; let a plain function call asyncio.run(...)"
#: A job that is given back for no time at all comes back at once, to fail as fast as the machine can.
SHORTEST_DELAY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a job, or of this attempt where `retry` is True."""

    status: Final
    result: Any = None
    log: str | None = None
    retry: bool | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The job goes back unharmed, for at least `delay` seconds."""

    log: str
    delay: int


@dataclass(frozen=True, slots=True)
class Drop:
    """There is nothing left to say: another worker may have the job."""


Ending = Finish | GiveBack | Drop


def conclude(
    work: Callable[[], Any], *, give_up_on: tuple[type[Exception], ...], cancelled: Callable[[], bool]
) -> Ending:
    """Do the work and say how it ended; nothing it raises gets out."""
    try:
        return completed(work())
    except BaseException as error:  # noqa: BLE001 - whatever a handler does, the other jobs of this worker go on
        return _however(error, give_up_on=give_up_on, cancelled=cancelled())


def completed(result: Any) -> Finish:
    """Take what a handler returned as its result, if it can be sent at all: a copy of it, as it is in JSON."""
    if inspect.iscoroutine(result):
        result.close()
        return Finish("failed", log=f"The handler returned a coroutine: {NOT_AWAITED}", retry=False)
    try:
        text = json.dumps(result, allow_nan=False, ensure_ascii=False)
        text.encode()
        return Finish("completed", result=json.loads(text))
    except BaseException as error:  # noqa: BLE001 - a class may do anything when its values are written
        return Finish("failed", log=f"The result cannot be written as JSON: {reason_of(error)}", retry=False)


def _however(error: BaseException, *, give_up_on: GiveUpOn, cancelled: bool) -> Ending:
    try:
        return ending_of(error, give_up_on=give_up_on, cancelled=cancelled)
    except BaseException:  # noqa: BLE001 - a class may do anything when it is asked what it is, or for its attributes
        return Finish("failed", log=clean(named_reason_of(error)), retry=True)


def ending_of(error: BaseException, *, give_up_on: GiveUpOn, cancelled: bool) -> Ending:
    """Say how a job ends whose handler raised `error`."""
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
    """Give whole seconds within what the service takes; None for what is no time."""
    try:
        seconds = delay.total_seconds() if isinstance(delay, timedelta) else float(delay)  # type: ignore[arg-type]  # what has no number raises
    except OverflowError:
        return LONGEST_DELAY_SECONDS if isinstance(delay, int) and delay > 0 else SHORTEST_DELAY_SECONDS
    except Exception:  # noqa: BLE001 - a class may do anything when it is asked for its number
        return None
    return None if math.isnan(seconds) else math.ceil(min(max(seconds, SHORTEST_DELAY_SECONDS), LONGEST_DELAY_SECONDS))


def _alone(error: BaseException) -> BaseException:
    """Take an error out of the groups in which it is the only one, as task groups raise it."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _given_up(error: GiveUp) -> Finish:
    """Fail for good, with what there is all the same; where that cannot be sent, the log says so."""
    left = completed(error.result)
    log = reason_of(error) if left.log is None else clean(f"{reason_of(error)}\n{left.log}")
    return replace(left, status="failed", log=log, retry=False)
