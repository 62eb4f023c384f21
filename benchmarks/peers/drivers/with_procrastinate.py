"""Procrastinate on psycopg."""

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from protocol import config, main, record, setting


class Procrastinate:
    def prepare(self) -> None:
        self._app = App(connector=SyncPsycopgConnector(conninfo=config()["url"]))
        self._task = self._app.task(name="run")(_run)
        self._app.open()
        try:
            self._app.check_connection()
            self._app.schema_manager.apply_schema()
        except ConnectorException:
            return  # the schema is there: the worker of this place made it

    def submit(self, job: dict[str, int]) -> None:
        self._task.defer(**job)

    def submit_many(self, jobs: list[dict[str, int]]) -> None:
        self._task.batch_defer(*jobs)

    async def work(self) -> None:
        app = App(connector=PsycopgConnector(conninfo=config()["url"]))
        app.task(name="run")(_run)
        async with app.open_async():
            await app.run_worker_async(concurrency=setting()["concurrency"])


async def _run(number: int, at: int) -> None:
    record(number, at)


if __name__ == "__main__":
    main(Procrastinate())
