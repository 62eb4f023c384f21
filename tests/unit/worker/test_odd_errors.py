"""Whatever a handler raises, its job ends or waits again, and says why."""

import asyncio
import math
from datetime import timedelta

import pytest

from job_service.worker import GiveUp, TryAgain
from job_service.worker.ending import LONGEST_DELAY_SECONDS, Finish, GiveBack, conclude, ending_of
from job_service.worker.texts import LONGEST_LOG


class Mute:
    """An object whose every text fails."""

    def __str__(self):
        raise ZeroDivisionError

    __repr__ = __str__


class Liar:
    """An object whose text is none."""

    def __str__(self):
        return 5  # noqa: PLE0307 - Python notices only when the text is asked for

    __repr__ = __str__


class Leaving:
    """An object that ends the program when it is asked for its text."""

    def __str__(self):
        raise SystemExit(3)

    __repr__ = __str__


class SilentError(Exception):
    """An error whose text fails."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__

    @property
    def args(self):  # type: ignore[override]  # an error that cannot even give what it is made of
        raise RuntimeError("no arguments")


class Nameless(type):
    """A class of classes that cannot say their names."""

    @property
    def __name__(cls):  # type: ignore[override]  # a class that cannot even give its name
        raise SystemExit(4)


class NamelessError(Exception, metaclass=Nameless):
    """An error of a class that cannot say its name."""


class FacelessError(Exception):
    """An error that cannot say of which class it is."""

    @property  # type: ignore[misc]  # an error that hides what it is
    def __class__(self):
        raise RuntimeError("no class")


class UndecidedError(TryAgain):
    """An error that cannot say for how long."""

    def __init__(self):
        Exception.__init__(self, "later")

    @property
    def delay(self):  # type: ignore[override]  # as above
        raise RuntimeError("no delay")


class ForgetfulError(GiveUp):
    """An error that never came to what the kit's own are made with."""

    def __init__(self):
        Exception.__init__(self, "no")


MUTE = [Mute(), Liar(), Leaving()]


def ending(error):
    return ending_of(error, give_up_on=(), cancelled=False)


@pytest.mark.parametrize("message", MUTE, ids=type)
def test_an_error_without_a_text_is_named_by_its_class(message):
    assert ending(KeyError(message)) == Finish("failed", log="KeyError", retry=True)
    assert ending(GiveUp(message)) == Finish("failed", log="GiveUp", retry=False)
    assert ending(TryAgain(message)) == Finish("failed", log="TryAgain", retry=True)
    assert ending(TryAgain(message, delay=1)) == GiveBack("TryAgain", 1)
    assert ending(SilentError()) == Finish("failed", log="SilentError", retry=True)


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (NamelessError("broken"), Finish("failed", log="NamelessError: broken", retry=True)),
        (FacelessError("broken"), Finish("failed", log="FacelessError: broken", retry=True)),
        (UndecidedError(), Finish("failed", log="UndecidedError: later", retry=True)),
        (ForgetfulError(), Finish("failed", log="no", retry=False)),
    ],
    ids=["no name", "no class", "no delay", "no result"],
)
def test_an_error_that_cannot_be_asked_ends_its_job_too(error, end):
    def work():
        raise error

    assert conclude(work, give_up_on=(ArithmeticError,), cancelled=lambda: False) == end


@pytest.mark.parametrize("message", [None, ""])
def test_a_reason_that_says_nothing_is_the_name_of_its_class(message):
    assert ending(GiveUp(message)).log == "GiveUp"


@pytest.mark.parametrize(
    ("message", "log"),
    [
        (b"raw", "b'raw'"),
        (5, "5"),
        ("caf\udce9", "caf?"),
        ("a\0b", "a\0b"),
        ("x" * 10_000_000, "x" * (LONGEST_LOG - 1) + "…"),
    ],
    ids=["bytes", "a number", "half a character", "a zero", "ten million characters"],
)
def test_a_reason_of_any_kind_can_be_sent(message, log):
    assert ending(GiveUp(message)).log == log
    assert ending(TryAgain(message, delay=0)).log == log


def test_an_error_that_stands_alone_in_its_groups_counts_as_itself():
    grouped = BaseExceptionGroup("tasks", [ExceptionGroup("inner", [GiveUp("no such file")])])
    assert ending(grouped) == Finish("failed", log="no such file", retry=False)
    both = ExceptionGroup("tasks", [GiveUp("a"), ValueError("b")])
    assert ending(both) == Finish("failed", log="ExceptionGroup: tasks (2 sub-exceptions)", retry=True)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (MemoryError(), "MemoryError"),
    ],
    ids=repr,
)
def test_errors_that_mean_something_to_a_program_only_fail_a_job(error, name):
    assert ending(error) == Finish("failed", log=name, retry=True)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (-3, 1),
        (0, 1),
        (-math.inf, 1),
        (-(10**400), 1),
        (0.2, 1),
        (True, 1),
        (math.inf, LONGEST_DELAY_SECONDS),
        (365 * 86_400, LONGEST_DELAY_SECONDS),
        (10**400, LONGEST_DELAY_SECONDS),
        (timedelta(minutes=1.5), 90),
        (timedelta(days=-1), 1),
        (timedelta.max, LONGEST_DELAY_SECONDS),
    ],
    ids=repr,
)
def test_a_delay_is_brought_within_what_the_service_takes(delay, seconds):
    assert ending(TryAgain("later", delay=delay)) == GiveBack("later", seconds)


@pytest.mark.parametrize("delay", [math.nan, "soon", object(), Mute(), 1j], ids=type)
def test_a_delay_that_is_no_time_leaves_the_moment_to_the_service(delay):
    assert ending(TryAgain("later", delay=delay)) == Finish("failed", log="later", retry=True)
