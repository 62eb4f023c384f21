"""Jobs of kinds that documents define, as their clients see the service; each call is about the next kind."""

from collections.abc import Iterator, Sequence
from itertools import count, cycle

import orjson

from benchmarks.crew import Step
from benchmarks.http_loads import connect


def submit(client: int, port: int, kinds: Sequence[str], size: int) -> Step:
    """Submit so many jobs a call."""
    wire, turns, numbers = connect(port), _turns(kinds, client), count()

    def step() -> int:
        jobs = [{"parameters": {"to": f"{client} {next(numbers)}", "width": 9}} for _ in range(size)]
        answer = wire.request(f"POST /kinds/{next(turns)}/jobs".encode(), orjson.dumps({"jobs": jobs}))
        return answer.count(b'"CREATED"')

    return step


def claim(client: int, port: int, kinds: Sequence[str], size: int) -> Step:
    """Claim up to so many jobs a call, of the kinds to which the same client has submitted."""
    wire, turns = connect(port), _turns(kinds, client)

    def step() -> int:
        asked = {"kind": next(turns), "worker": f"worker-{client}", "limit": size, "leaseSeconds": 3600}
        return wire.request(b"POST /claims", orjson.dumps(asked)).count(b'"leaseExpiresAt"')

    return step


def _turns(kinds: Sequence[str], client: int) -> Iterator[str]:
    """Give the kinds in turn, each client from a place of its own."""
    first = client * len(kinds) // 8 % len(kinds)
    return cycle([*kinds[first:], *kinds[:first]])
