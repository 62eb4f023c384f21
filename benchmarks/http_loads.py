"""The service as its clients see it: prebuilt requests over kept-alive connections."""

from itertools import count
from secrets import token_hex
from typing import Any

import orjson

from benchmarks.crew import Step
from benchmarks.documents import Held, share_of
from benchmarks.wire import Wire


def connect(port: int) -> Wire:
    wire = Wire(port)
    wire.request(b"GET /health/alive")
    return wire


def get(_client: int, port: int, path: str, jobs: int = 1) -> Step:
    """Ask for a path, again and again; one answer counts as so many jobs."""
    wire, line = Wire(port), f"GET {path}".encode()
    wire.request(line)

    def step() -> int:
        wire.request(line)
        return jobs

    return step


def post_empty(_client: int, port: int, size: int) -> Step:
    """Post a batch to the empty route."""
    wire = Wire(port)
    body = orjson.dumps({"updates": [{"claimId": "0" * 32, "jobId": "0" * 36, "status": "completed"}] * size})
    wire.request(b"POST /", body)

    def step() -> int:
        wire.request(b"POST /", body)
        return size

    return step


def submit(client: int, port: int, size: int) -> Step:
    wire, seed, numbers = connect(port), token_hex(4).upper(), count()

    def step() -> int:
        wire.request(b"POST /jobs", new_jobs(f"A{seed}_{client}_{next(numbers)}", size))
        return size

    return step


def new_jobs(seed: str, size: int) -> bytes:
    """Return a body that submits jobs about datasets of their own."""
    return b'{"jobs":[%b]}' % b",".join(
        b'{"operation":"ADD","target":"%b_%d","description":"A dataset of the benchmark"}' % (seed.encode(), number)
        for number in range(size)
    )


def claim(client: int, port: int, size: int) -> Step:
    """Claim up to so many jobs a call."""
    wire, body = connect(port), orjson.dumps(_asked(client, size))

    def step() -> int:
        return wire.request(b"POST /claims", body).count(b'"leaseExpiresAt"')

    return step


def claim_under_own_ids(client: int, port: int, size: int) -> Step:
    """Do the same so that a lost answer can be asked for again."""
    wire, seed, numbers, asked = connect(port), token_hex(8), count(), _asked(client, size)

    def step() -> int:
        body = orjson.dumps({**asked, "claimId": f"{seed}-{client}-{next(numbers)}"})
        return wire.request(b"POST /claims", body).count(b'"leaseExpiresAt"')

    return step


def _asked(client: int, size: int) -> dict[str, Any]:
    return {"kind": "dataset", "worker": f"worker-{client}", "limit": size, "leaseSeconds": 3600}


def finish(client: int, port: int, held: list[Held], clients: int) -> Step:
    wire, share = connect(port), share_of(held, client, clients)

    def step() -> int:
        if not share:
            return 0
        each = share.pop()
        if len(each.job_ids) == 1:
            line = f"PATCH /claims/{each.claim_id}/jobs/{each.job_ids[0]}".encode()
            wire.request(line, b'{"status":"completed"}')
        else:
            finish_all(wire, [(each.claim_id, job_id) for job_id in each.job_ids])
        return len(each.job_ids)

    return step


def finish_all(wire: Wire, held: list[tuple[str, str]]) -> None:
    updates = [{"claimId": claim_id, "jobId": job_id, "status": "completed"} for claim_id, job_id in held]
    answer = wire.request(b"PATCH /claims", orjson.dumps({"updates": updates}))
    if answer.count(b'"ok":true') != len(held):
        raise RuntimeError(f"not all of {len(held)} were finished: {answer[:300].decode()}")


def whole_way(client: int, port: int, size: int, batches: int = 0) -> Step:
    """Claim and finish until nothing is left, under claim ids of the worker's own; first submit so many batches."""
    wire, seed, numbers, asked = connect(port), token_hex(8), count(), _asked(client, size)
    left = iter(range(batches))

    def step() -> int:
        for batch in left:
            wire.request(b"POST /jobs", new_jobs(f"W{seed.upper()}_{client}_{batch}", size))
        body = orjson.dumps({**asked, "claimId": f"{seed}-{client}-{next(numbers)}"})
        claims = orjson.loads(wire.request(b"POST /claims", body))["claims"]
        if claims:
            finish_all(wire, [(claim["claimId"], claim["job"]["jobId"]) for claim in claims])
        return len(claims)

    return step


def round_trips(client: int, port: int, operation: str) -> Step:
    """Submit, claim and finish one job after another, of an operation that others do not claim."""
    wire, seed, numbers = connect(port), token_hex(4).upper(), count()
    asked = {"kind": "dataset", "worker": f"worker-{client}", "where": {"operation": operation}}
    claiming = orjson.dumps(asked)

    def step() -> int:
        job = {"operation": operation, "target": f"B{seed}_{client}_{next(numbers)}"}
        wire.request(b"POST /jobs", orjson.dumps({"jobs": [job]}))
        claims = orjson.loads(wire.request(b"POST /claims", claiming))["claims"]
        for claim in claims:
            line = f"PATCH /claims/{claim['claimId']}/jobs/{claim['job']['jobId']}".encode()
            wire.request(line, b'{"status":"completed"}')
        return 1

    return step
