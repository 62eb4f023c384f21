"""PgQueuer on asyncpg, with its QueueManager."""

import json

import asyncpg
from pgqueuer import AsyncpgDriver, QueueManager
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from protocol import config, main, record, setting


class PgQueuer:
    async def prepare(self) -> None:
        self._queries = Queries(AsyncpgDriver(await asyncpg.connect(config()["url"])))
        if not await self._queries.has_table("pgqueuer"):
            await self._queries.install()

    async def submit(self, job: dict[str, int]) -> None:
        await self._queries.enqueue("run", json.dumps(job).encode())

    async def submit_many(self, jobs: list[dict[str, int]]) -> None:
        count = len(jobs)
        await self._queries.enqueue(["run"] * count, [json.dumps(job).encode() for job in jobs], [0] * count)

    async def work(self) -> None:
        await self.prepare()
        manager = QueueManager(self._queries)

        @manager.entrypoint("run")
        async def run(job: Job) -> None:
            record(**json.loads(job.payload))

        await manager.run(batch_size=setting()["batch"])


if __name__ == "__main__":
    main(PgQueuer())
