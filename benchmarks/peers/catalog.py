"""The peers, each with the settings that drained its queue fastest and those that picked up a lone job soonest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ServerKind = Literal["beanstalkd", "mongod", "postgresql", "redis"]

Setting = Mapping[str, Any]


@dataclass(frozen=True)
class Workers:
    """Worker processes: how many, and what each is told."""

    processes: int = 1
    setting: Setting = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A job queue on its server. `durable`: an acknowledged write is on disk. `jobs` is the backlog it is given."""

    name: str
    driver: str
    server: ServerKind
    durable: bool
    drain: Workers = Workers()
    idle: Workers = Workers()
    jobs: int = 10_000

    @property
    def title(self) -> str:
        return f"{self.name} (durable: {'yes' if self.durable else 'no'})"


ON_REDIS = (
    ("rq", "with_rq.py", Workers(4), Workers()),
    (
        "huey",
        "with_huey.py",
        Workers(1, {"workers": 4, "type": "process"}),
        Workers(1, {"workers": 1, "type": "thread"}),
    ),
    (
        "dramatiq",
        "with_dramatiq.py",
        Workers(1, {"processes": 2, "threads": 8}),
        Workers(1, {"processes": 1, "threads": 8}),
    ),
    ("celery", "with_celery.py", Workers(2), Workers()),
    ("bullmq", "with_bullmq.js", Workers(1, {"concurrency": 50}), Workers(1, {"concurrency": 1})),
)

DURABLE = (
    Peer("beanstalkd", "with_beanstalkd.py", "beanstalkd", durable=True, drain=Workers(4)),
    Peer(
        "pgqueuer",
        "with_pgqueuer.py",
        "postgresql",
        durable=True,
        drain=Workers(2, {"batch": 500}),
        idle=Workers(1, {"batch": 10}),
    ),
    Peer(
        "procrastinate",
        "with_procrastinate.py",
        "postgresql",
        durable=True,
        drain=Workers(2, {"concurrency": 4}),
        idle=Workers(1, {"concurrency": 1}),
    ),
    *(Peer(name, driver, "redis", durable=True, drain=drain, idle=idle) for name, driver, drain, idle in ON_REDIS),
    Peer(
        "mongodb-queue",
        "with_mongodb_queue.js",
        "mongod",
        durable=True,
        drain=Workers(2, {"loops": 4}),
        idle=Workers(1, {"loops": 1}),
    ),
    Peer(
        "pg-boss",
        "with_pg_boss.js",
        "postgresql",
        durable=True,
        drain=Workers(2, {"batch": 500}),
        idle=Workers(1, {"batch": 1, "notify": True}),
    ),
    # Agenda locks its whole backlog, one job at a time, before it starts the first: 10,000 take it over 40 seconds.
    Peer("agenda", "with_agenda.js", "mongod", durable=True, idle=Workers(1, {"notify": True}), jobs=1_000),
)

AS_SHIPPED = (
    Peer("beanstalkd", "with_beanstalkd.py", "beanstalkd", durable=False, drain=Workers(3)),
    *(Peer(name, driver, "redis", durable=False, drain=drain, idle=idle) for name, driver, drain, idle in ON_REDIS),
)

PEERS = DURABLE + AS_SHIPPED
