"""Dramatiq on Redis, with its command line."""

import os
import sys
from pathlib import Path

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from protocol import config, main, record, setting

broker = RedisBroker(url=config()["url"])
dramatiq.set_broker(broker)


@dramatiq.actor
def run(number: int, at: int) -> None:
    record(number, at)


class Dramatiq:
    submit_many = None

    def prepare(self) -> None:
        broker.client.ping()

    def submit(self, job: dict[str, int]) -> None:
        run.send(**job)

    def work(self) -> None:
        size = (f"--processes={setting()['processes']}", f"--threads={setting()['threads']}")
        command = (
            sys.executable,
            "-m",
            "dramatiq",
            *size,
            f"--path={Path(__file__).parent}",
            "with_dramatiq:broker",
        )
        os.execv(sys.executable, command)


if __name__ == "__main__":
    main(Dramatiq())
