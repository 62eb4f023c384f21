"""How a job ends, decided from what its handler returned or raised."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from job_service.worker.errors import GiveUp, JobCancelled, LeaseLost, TryAgain

GiveUpOn = tuple[type[Exception], ...]
Final = Literal["completed", "failed", "cancelled"]


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
    delay: float


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
        return ending_of(error, give_up_on=give_up_on, cancelled=cancelled())


def completed(result: Any) -> Finish:
    """Take what a handler returned as its result, if it can be sent at all."""
    try:
        json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        return Finish("failed", log=f"The result cannot be written as JSON: {error}", retry=False)
    return Finish("completed", result=result)


def ending_of(error: BaseException, *, give_up_on: GiveUpOn, cancelled: bool) -> Ending:
    """Say how a job ends whose handler raised `error`."""
    match error:
        case LeaseLost():
            return Drop()
        case TryAgain(delay=float() | int() as delay):
            return GiveBack(log=str(error), delay=delay)
        case _ if cancelled or isinstance(error, JobCancelled):
            return Finish("cancelled")
        case GiveUp():
            return Finish("failed", result=error.result, log=str(error), retry=False)
        case TryAgain():
            return Finish("failed", log=str(error), retry=True)
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Finish("failed", log=reason, retry=not isinstance(error, give_up_on))
