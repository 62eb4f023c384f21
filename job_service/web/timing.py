"""The duration of each request, for the log and the metrics."""

import time
from collections.abc import Callable, Sequence

from flask import Flask, Request, Response

from job_service.web.present import present

#: Called with each answered request, its response, and the seconds that it took.
Answered = Callable[[Request, Response, float], None]

_BEGAN = "job_service.began"


def time_requests(app: Flask, observers: Sequence[Answered]) -> None:
    """Call each observer for every request, with the seconds from the first hook until the answer is made."""

    def begin() -> None:
        present().environ[_BEGAN] = time.perf_counter()

    def end(response: Response) -> Response:
        ended = time.perf_counter()
        asked = present()
        seconds = ended - asked.environ.get(_BEGAN, ended)
        for observe in observers:
            observe(asked, response, seconds)
        return response

    app.before_request(begin)
    app.after_request(end)
