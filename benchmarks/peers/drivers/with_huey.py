"""Huey on Redis, with its consumer."""

from huey import RedisHuey
from protocol import config, main, record, setting

huey = RedisHuey("peers", url=config()["url"])


@huey.task()
def run(number: int, at: int) -> None:
    record(number, at)


class Huey:
    submit_many = None

    def prepare(self) -> None:
        huey.storage.conn.ping()

    def submit(self, job: dict[str, int]) -> None:
        run(**job)

    def work(self) -> None:
        huey.create_consumer(workers=setting()["workers"], worker_type=setting()["type"]).run()


if __name__ == "__main__":
    main(Huey())
