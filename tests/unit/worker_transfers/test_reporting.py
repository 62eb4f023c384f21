"""A report that is refused for good ends its attempt with a sentence; one that is refused for now is sent again."""

import threading
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from job_service.client import ONCE, JobServiceClient
from job_service.worker.errors import GiveUp, LeaseLost, TryAgain
from job_service.worker.job import Job
from job_service.worker.transfers.element import Done
from job_service.worker.transfers.handler import Attempt

DONE = Done(
    ["Listed 15000 entries"], {"~/tree": [{"name": f"file {number:05}", "st_size": 1} for number in range(15_000)]}
)
NGINX = "<html><head><title>413 Request Entity Too Large</title></head><body><center>nginx</center></body></html>"


class Cancelled(threading.Event):
    """Passes the time between two tries at once."""

    def wait(self, timeout=None):
        return self.is_set()


def reported(*answers):
    """Report with the answers that come one after the other; give how often it was sent."""
    sent: list[httpx.Request] = []

    def answer(request):
        sent.append(request)
        return answers[len(sent) - 1]

    job: Any = SimpleNamespace(
        id="one",
        parameters={"job": 3, "element": 0},
        data=SimpleNamespace(model_extra={"token": "t"}),
        cancelled=Cancelled(),
    )
    with JobServiceClient("http://service.test", transport=httpx.MockTransport(answer), retry=ONCE) as client:
        Attempt(cast("Job", job), client).report(0, DONE)
    return len(sent)


def said(status, code):
    return httpx.Response(status, json={"message": "no", "code": code})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(413, html=NGINX), GiveUp),
        (said(413, "too-large"), GiveUp),
        (said(400, "invalid"), GiveUp),
        (httpx.Response(403, html="<p>blocked by a rule</p>"), TryAgain),
        (httpx.Response(404, html="<p>no such place</p>"), TryAgain),
        (httpx.Response(405), TryAgain),
        (httpx.Response(431), TryAgain),
        (said(415, "invalid"), GiveUp),
    ],
    ids=lambda value: str(getattr(value, "status_code", "")),
)
def test_a_final_refusal_is_the_end_with_a_sentence_that_has_the_size(answer, error):
    with pytest.raises(error, match=rf"^The report \([\d,]+ bytes\) is refused .* with {answer.status_code}"):
        reported(answer)


@pytest.mark.parametrize("status", [401, 408, 425, 429, 500, 502, 503, 504])
def test_what_is_refused_for_now_is_sent_again(status):
    assert reported(httpx.Response(status), httpx.Response(status), httpx.Response(200, json={"message": "OK"})) == 3


def test_an_attempt_that_is_over_for_the_service_is_dropped():
    with pytest.raises(LeaseLost):
        reported(said(403, "forbidden"))
