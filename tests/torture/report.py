"""What a run was and what it found, as figures."""

from collections import Counter
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from job_service.lifecycle.job import ENDED
from tests.torture.checker.evidence import Evidence, Violation, acknowledged
from tests.torture.history import UNKNOWN, Op
from tests.torture.nemesis import Injected

#: What changes a job or makes one, when it is acknowledged.
WRITES = frozenset(
    {"submit", "submit-conversion", "submit-number", "end", "end-number", "end-anyone", "update", "release", "monitor"}
)


def is_write(op: Op) -> bool:
    return op.ok and (op.name in WRITES or op.name == "fetch" or (op.name == "claim" and bool(op.got["claims"])))


def longest_stop(ops: list[Op]) -> tuple[float, float]:
    """Return the longest time between two acknowledged writes of any clients, and when it began."""
    at = sorted(op.ended for op in ops if is_write(op))
    gaps = ((later - earlier, earlier) for earlier, later in pairwise(at))
    return max(gaps, default=(0.0, 0.0))


def summary(
    seed: int, evidence: Evidence, injected: list[Injected], violations: list[Violation], early: list[str]
) -> dict[str, Any]:
    """Return the report of one seed."""
    ops, jobs = evidence.ops, list(evidence.end)
    stop, since = longest_stop(ops)
    begun = ops[0].begun if ops else 0.0
    during = [each.name for each in injected if each.begun <= since + stop and each.healed >= since]
    return {
        "seed": seed,
        "seconds": round(max((op.ended for op in ops if op.outcome != UNKNOWN), default=begun) - begun, 1),
        "violations": [asdict(each) for each in violations],
        "faults": dict(Counter(each.name for each in injected)),
        "injected": [asdict(each) | {"begun": round(each.begun - begun, 1)} for each in injected],
        "jobs acknowledged": len({word for word, _, _ in acknowledged(evidence)}),
        "jobs submitted": dict(Counter(job["kind"] for job in jobs)),
        "jobs ended": dict(Counter(job["kind"] for job in jobs if job["state"] in ENDED)),
        "ends by state": dict(Counter(job["state"] for job in jobs if job["state"] in ENDED)),
        "leases lost": sum(job.get("leasesLost", 0) for job in jobs),
        "requests": dict(Counter(op.name for op in ops)),
        "requests by status": dict(Counter(str(op.status or "no answer") for op in ops)),
        "slowest answer": round(max((op.ended - op.begun for op in ops if op.status), default=0.0), 2),
        "longest stop": round(stop, 2),
        "longest stop during": during,
        "clients that ended early": early,
    }


def lines(report: dict[str, Any]) -> list[str]:
    """Return a report for people."""
    shown = {name: value for name, value in report.items() if name not in {"violations", "injected"}}
    found = [f"  VIOLATION {each['rule']}: {each['subject']}: {each['what']}" for each in report["violations"]]
    return [f"  {name}: {value}" for name, value in shown.items()] + (found or ["  violations: 0"])
