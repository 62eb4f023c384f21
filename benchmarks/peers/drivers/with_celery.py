"""Celery on Redis, with the solo pool."""

from celery import Celery
from protocol import config, main, record

app = Celery("peers", broker=config()["url"])


@app.task(name="run")
def run(number: int, at: int) -> None:
    record(number, at)


class CeleryPeer:
    submit_many = None

    def prepare(self) -> None:
        app.connection_for_write().ensure_connection()

    def submit(self, job: dict[str, int]) -> None:
        run.delay(**job)

    def work(self) -> None:
        app.worker_main(["worker", "--pool=solo", "--loglevel=WARNING"])


if __name__ == "__main__":
    main(CeleryPeer())
