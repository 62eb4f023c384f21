"""What jobs cost where one kind is defined and where a thousand are: submitted, claimed and finished, over HTTP.

Two services with a database each are measured in turns: one knows one kind, the other a thousand, of which once one
has all jobs and once each has its share; a batch is of one kind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle

import orjson

from benchmarks import http_loads, kind_loads
from benchmarks.documents import holdings
from benchmarks.plan import Measure, Sample, Scenario, rate
from benchmarks.stage import Server, Stage
from benchmarks.wire import Wire

MANY = 1_000
#: Jobs a call, clients, and how large a part of the jobs of a scenario.
POINTS = ((1, 1, 0.05), (1, 8, 0.1), (10, 1, 0.5))
DEFINITION = {
    "parameters": {
        "type": "object",
        "properties": {"to": {"type": "string"}, "width": {"type": "integer", "minimum": 1}},
        "required": ["to"],
    },
    "key": "/to",
    "retry": {"maxAttempts": 5},
}


@dataclass(frozen=True)
class Party:
    """A service, the database that it serves, and the kinds that its jobs have."""

    name: str
    server: Server
    database: str
    kinds: tuple[str, ...]


def measures(stage: Stage) -> Sequence[Measure]:
    many = _party(stage, f"{MANY:,} kinds", MANY)
    parties = (_party(stage, "1 kind", 1), many, replace(many, name=f"1 of {MANY:,} kinds", kinds=many.kinds[:1]))
    return [partial(_all, cycle((parties, parties[::-1])), *point) for point in POINTS]


def name_of(verb: str, size: int, clients: int, kinds: str) -> str:
    what = "one" if size == 1 else f"by {size}"
    return f"{verb} {what}, x{clients}, {kinds}"


def _party(stage: Stage, name: str, count: int) -> Party:
    database = f"kinds_{count}"
    server = stage.serve(MONGODB_URL=stage.url_of(database))
    wire, kinds = Wire(server.port), tuple(f"kind-{number:04}" for number in range(count))
    for kind in kinds:
        wire.request(f"PUT /kinds/{kind}".encode(), orjson.dumps(DEFINITION))
    wire.close()
    # Each process compiles the schema of a kind once, and each thread connects once, which is nobody's figure.
    for _ in range(4):
        stage.crew.run(kind_loads.submit, server.port, kinds, 1, clients=8, calls=max(count // 8, 50))
    return Party(name, server, database, kinds)


def _all(orders: Iterator[tuple[Party, ...]], size: int, clients: int, part: float, stage: Stage) -> list[Sample]:
    calls = max(int(stage.sizes.jobs * part) // size // clients, 1)
    return [sample for party in next(orders) for sample in _steps(stage, party, size, clients, calls)]


def _steps(stage: Stage, party: Party, size: int, clients: int, calls: int) -> list[Sample]:
    port, kinds = party.server.port, party.kinds
    stage.emptied(party.database)
    submitted = stage.crew.run(kind_loads.submit, port, kinds, size, clients=clients, calls=calls)
    claimed = stage.crew.run(kind_loads.claim, port, kinds, size, clients=clients, calls=calls)
    held = holdings(stage.database(party.database))
    finished = stage.crew.run(http_loads.finish, port, held, clients, clients=clients)
    if not submitted.jobs == claimed.jobs == finished.jobs:
        raise RuntimeError(f"of {submitted.jobs} jobs {claimed.jobs} were claimed and {finished.jobs} finished")
    return [
        sample
        for verb, done in (("submit", submitted), ("claim", claimed), ("finish", finished))
        for sample in rate(name_of(verb, size, clients, party.name), done.rate)
    ]


MANY_KINDS = Scenario("kinds", measures)
