"""Handmade histories: a line for each thing that a client did or that the database holds."""

from datetime import UTC, datetime, timedelta

from tests.torture.checker.check import check
from tests.torture.checker.evidence import Change, End, Evidence
from tests.torture.history import FAIL, OK, UNKNOWN, Op

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def moment(seconds):
    return START + timedelta(seconds=seconds)


def job(job_id="j1", state="completed", **fields):
    ended = {} if state in {"queued", "running"} else {"finishedAt": moment(9)}
    return {"_id": job_id, "kind": "dataset", "state": state, "log": [], **ended, **fields}


def op(name, begun, asked, got=None, *, outcome=OK, status=200):
    return Op("c", name, begun, asked, begun + 0.1, outcome, status, got)


def claim(begun, claim_id, *job_ids, lease=5, **asked):
    held = [{"jobId": each, "claimId": claim_id, "expires": moment(begun + lease).isoformat()} for each in job_ids]
    asked = {"kind": "dataset", "claimId": claim_id, "leaseSeconds": lease, **asked}
    return op("claim", begun, asked, {"serverTime": moment(begun).isoformat(), "claims": held})


def end(begun, claim_id, job_id="j1", status="completed", **asked):
    return op("end", begun, {"claimId": claim_id, "jobId": job_id, "status": status, **asked}, {})


def submit(begun, key, *results, targets=("D_A",), **more):
    return op("submit", begun, {"key": key, "targets": list(targets)}, list(results), **more)


def created(job_id):
    return {"job_id": job_id, "status": "CREATED", "msg": "OK"}


BUSY = {"status": "FAILED", "msg": "busy", "code": "target-busy"}


def made(job_id="j1", at=0.0, **fields):
    return Change("inprogress", job_id, "insert", wall(at), {"state": "queued", **fields})


def changed(job_id="j1", at=1.0, removed=(), **fields):
    return Change("inprogress", job_id, "update", wall(at), fields, removed)


def claimed(job_id="j1", at=1.0, lease=5, claims=1):
    return changed(
        job_id, at, state="running", claims=claims, startedAt=moment(at), lease={"until": moment(at + lease)}
    )


def wall(at):
    return moment(at).timestamp()


def evidence(*ops, inprogress=(), completed=(), trail=(), pieces=None):
    first, second = ({each["_id"]: each for each in side} for side in (inprogress, completed))
    ordered = sorted(ops, key=lambda each: each.begun)
    return Evidence(ordered, End(first, second, list(trail), pieces or {}), offset=START.timestamp())


def rules(*ops, **end_of_database):
    """Give the rules that the checker finds broken."""
    return sorted({violation.rule for violation in check(evidence(*ops, **end_of_database))})


__all__ = ["FAIL", "OK", "UNKNOWN"]
