"""How long each request takes, told to those who log and measure."""

import time
from collections.abc import Callable, Sequence

from flask import Flask, Request, Response

from job_service.web.present import present

#: Is told of each request that is answered, and how many seconds that took.
Answered = Callable[[Request, Response, float], None]

_BEGAN = "job_service.began"


def time_requests(app: Flask, tell: Sequence[Answered]) -> None:
    """Measure every request from here on until its answer is made."""

    def begin() -> None:
        present().environ[_BEGAN] = time.perf_counter()

    def end(response: Response) -> Response:
        ended = time.perf_counter()
        asked = present()
        seconds = ended - asked.environ.get(_BEGAN, ended)
        for each in tell:
            each(asked, response, seconds)
        return response

    app.before_request(begin)
    app.after_request(end)
