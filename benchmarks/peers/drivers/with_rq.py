"""RQ with SimpleWorker, which runs jobs in its own process."""

from protocol import config, main, record
from redis import Redis
from rq import Queue, SimpleWorker

TARGET = "with_rq.run"


def run(number: int, at: int) -> None:
    record(number, at)


class Rq:
    def prepare(self) -> None:
        self._queue = Queue(connection=Redis.from_url(config()["url"]))

    def submit(self, job: dict[str, int]) -> None:
        self._queue.enqueue(TARGET, **job)

    def submit_many(self, jobs: list[dict[str, int]]) -> None:
        self._queue.enqueue_many([Queue.prepare_data(TARGET, kwargs=job) for job in jobs])

    def work(self) -> None:
        self.prepare()
        SimpleWorker([self._queue], connection=self._queue.connection).work(logging_level="WARNING")


if __name__ == "__main__":
    main(Rq())
