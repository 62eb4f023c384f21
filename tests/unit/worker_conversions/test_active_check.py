import threading

import pytest

from job_service.client import Refused, Unreachable
from job_service.worker.conversions.active_check import ActiveCheck

DEADLINE = 20
SOON = 0.001


class Answers:
    """Answer what is listed, then the last of it for ever; an error is raised."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = threading.Semaphore(0)

    def __call__(self):
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self.asked.release()
        if isinstance(answer, Exception):
            raise answer
        return answer


def after(check, answers, times):
    for _ in range(times):
        assert answers.asked.acquire(timeout=DEADLINE)
    return check.has_ended()


def test_a_job_that_stays_active_is_asked_about_again_and_again():
    answers = Answers(True)
    with ActiveCheck(answers, SOON) as check:
        assert not after(check, answers, 5)


def test_a_no_is_remembered_and_nothing_more_is_asked():
    answers = Answers(True, False)
    with ActiveCheck(answers, SOON) as check:
        assert check._ended.wait(DEADLINE)
        check._thread.join(DEADLINE)
        assert check.has_ended()
    after(check, answers, 2)
    assert not answers.asked.acquire(blocking=False)


@pytest.mark.parametrize("problem", [Unreachable("refused"), Refused("busy", status=503)], ids=["away", "busy"])
def test_no_answer_is_not_a_no(problem):
    answers = Answers(problem)
    with ActiveCheck(answers, SOON) as check:
        assert not after(check, answers, 3)


def test_a_no_after_trouble_counts():
    with ActiveCheck(Answers(Unreachable("refused"), False), SOON) as check:
        assert check._ended.wait(DEADLINE)


def test_leaving_ends_the_questions_at_once():
    with ActiveCheck(Answers(True), 3600) as check:
        pass
    assert not check._thread.is_alive()
    assert not check.has_ended()
