"""How a job ends, from what its handler returned or raised."""

import inspect

import pytest

from job_service.worker import GiveUp, JobCancelled, LeaseLost, TryAgain
from job_service.worker.ending import Drop, Finish, GiveBack, completed, ending_of

NEVER_ENDING: list[object] = []
NEVER_ENDING.append(NEVER_ENDING)


def raised(error, cancelled=False, give_up_on=()):
    return ending_of(error, give_up_on=give_up_on, cancelled=cancelled)


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (GiveUp("broken tar"), Finish("failed", log="broken tar", retry=False)),
        (TryAgain("disk full"), Finish("failed", log="disk full", retry=True)),
        (TryAgain("not yet", delay=0), GiveBack("not yet", 1)),
        (TryAgain("not yet", delay=2.5), GiveBack("not yet", 3)),
        (GiveUp(), Finish("failed", log="GiveUp", retry=False)),
        (TryAgain(), Finish("failed", log="TryAgain", retry=True)),
        (TryAgain(delay=2), GiveBack("TryAgain", 2)),
        (JobCancelled(), Finish("cancelled")),
        (LeaseLost(), Drop()),
        (KeyError("x"), Finish("failed", log="KeyError: 'x'", retry=True)),
        (SystemExit(), Finish("failed", log="SystemExit", retry=True)),
    ],
    ids=repr,
)
def test_the_class_of_an_error_decides_the_end(error, ending):
    assert raised(error) == ending


def test_a_handler_may_name_the_errors_that_no_retry_heals():
    assert raised(FileNotFoundError("x"), give_up_on=(OSError,)) == Finish(
        "failed", log="FileNotFoundError: x", retry=False
    )


@pytest.mark.parametrize("error", [ValueError("closed"), GiveUp("x"), TryAgain("x")])
def test_a_cancelled_job_ends_as_cancelled_however_its_handler_fails(error):
    assert raised(error, cancelled=True) == Finish("cancelled")


def test_what_is_returned_is_the_result():
    assert completed({"rows": [1, None, "å"]}) == Finish("completed", result={"rows": [1, None, "å"]})
    assert completed(None) == Finish("completed")


@pytest.mark.parametrize("result", [object(), {1, 2}, float("nan"), "caf\udce9", NEVER_ENDING], ids=type)
def test_a_result_that_is_no_json_fails_the_job_for_good(result):
    ending = completed(result)
    assert (ending.status, ending.retry) == ("failed", False)
    assert "JSON" in str(ending.log)


def test_what_a_failed_job_leaves_is_sent_where_it_can_be():
    assert raised(GiveUp("no", result=[1])) == Finish("failed", result=[1], log="no", retry=False)
    ending = raised(GiveUp("no", result=object()))
    assert (ending.status, ending.result, ending.retry) == ("failed", None, False)
    assert str(ending.log).startswith("no\nThe result cannot be written as JSON")


def test_a_result_is_what_it_was_when_the_handler_returned_it():
    rows, kept = [1], {"rows": (1, 2)}
    ending = completed({"rows": rows, 5: kept})
    rows.append(2)
    assert ending.result == {"rows": [1], "5": {"rows": [1, 2]}}


def test_a_coroutine_is_no_result_and_is_closed():
    async def late():
        return 1

    ending = completed(left := late())
    assert (ending.status, ending.retry) == ("failed", False)
    assert "asyncio.run" in str(ending.log)
    assert inspect.getcoroutinestate(left) == inspect.CORO_CLOSED


class Explosive(dict[str, int]):
    """A mapping that cannot be read."""

    def items(self):
        raise SystemExit(1)


def test_a_result_that_cannot_be_read_fails_its_job_only():
    assert completed(Explosive(a=1)).status == "failed"
    assert raised(GiveUp("no", result=Explosive(a=1))).log == "no\nThe result cannot be written as JSON: 1"
