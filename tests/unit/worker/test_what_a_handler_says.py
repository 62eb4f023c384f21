"""What a handler says about its job, however odd."""

import math
from fractions import Fraction

import pytest


def told(service, start, say):
    held, next_one = service.add(), service.add()
    running = start(lambda job: say(job) if job.id == "job-1" else "fine", concurrency=1)
    service.wait_for(held)
    service.wait_for(next_one)
    assert running.error is None
    assert next_one.end["result"] == "fine"
    return held


@pytest.mark.parametrize(
    ("percent", "said"),
    [
        (-5, [0]),
        (140, [100]),
        (math.inf, [100]),
        (-math.inf, [0]),
        (10**400, [100]),
        (Fraction(1, 3) * 100, [33]),
        (math.nan, []),
    ],
)
def test_progress_is_brought_within_its_range(service, start, percent, said):
    held = told(service, start, lambda job: job.progress(percent))
    assert [update["progress"] for update in held.said if "progress" in update] == said
    assert held.end["status"] == "completed"


@pytest.mark.parametrize(
    ("line", "said"),
    [("caf\udce9", "caf?"), (OSError("disk"), "disk"), (5, "5"), (b"raw", "b'raw'")],
    ids=["half a character", "an error", "a number", "bytes"],
)
def test_a_line_is_the_text_of_anything(service, start, line, said):
    held = told(service, start, lambda job: job.log(line))
    assert [update["log"] for update in held.said if "log" in update] == [said]
    assert held.end["status"] == "completed"


@pytest.mark.parametrize(
    ("say", "log"),
    [
        (lambda job: job.status(5), "TypeError: A status is a text, not int"),
        (lambda job: job.status(None), "TypeError: A status is a text, not NoneType"),
        (lambda job: job.progress("half"), "TypeError: "),
        (lambda job: job.progress(None), "TypeError: "),
    ],
    ids=["status 5", "status None", "progress half", "progress None"],
)
def test_a_value_of_the_wrong_type_is_an_error_in_the_handler(service, start, say, log):
    held = told(service, start, say)
    assert held.end["status"] == "failed"
    assert held.end["log"].startswith(log)


def test_a_status_that_cannot_be_sent_is_left_out(service, start):
    held = told(service, start, lambda job: job.status("caf\udce9"))
    assert held.said == [{"status": "completed"}]


def nested(depth):
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [300, 900, 100_000])
def test_a_result_too_deep_to_be_sent_fails_its_job(service, start, depth):
    held = told(service, start, lambda job: nested(depth))
    assert (held.end["status"], held.end["retry"]) == ("failed", False)
    assert "result" not in held.end
