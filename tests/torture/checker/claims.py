"""What claims promise: one live lease a job, nothing accepted from who lost it, nothing started while paused."""

from collections.abc import Iterator
from itertools import pairwise

from tests.torture.checker.evidence import Evidence, Lease, Violation
from tests.torture.history import Op

#: The service shows whole milliseconds.
_TOLERANCE = 0.01
#: When a job is given up is told by the worker's clock. An instance's is behind that by what its last sample of the
#: database's clock took to arrive: a busy machine takes its time.
_CLOCKS_APART = 0.25


def leases(evidence: Evidence) -> Iterator[Violation]:
    """No lease begins before the one before it is over or was given up, by what the answers say."""
    for job_id, held in evidence.leases.items():
        if job_id in evidence.put_back:
            continue
        for first, second in pairwise(held):
            over = min(first.until, first.given_up - _CLOCKS_APART)
            if second.begun < over - _TOLERANCE:
                early = over - second.begun
                yield Violation(
                    "two live leases", job_id, f"{second.claim_id} began {early:.3f} s before {first.claim_id} was over"
                )


def fence(evidence: Evidence) -> Iterator[Violation]:
    """Nothing is accepted under a claim once another one of the same job was answered."""
    sent: dict[tuple[str, str, str], float] = {}
    for op in evidence.named("end", "update", "release", "monitor"):
        key = (op.asked["jobId"], op.asked["claimId"], f"{op.name} {op.asked.get('status')}")
        first_sent = sent.setdefault(key, op.begun)
        if not op.ok:
            continue
        newer = _newer(evidence.leases.get(op.asked["jobId"], []), op)
        # The same end may be sent again, and is answered as the first time.
        if (
            newer
            and op.asked["jobId"] not in evidence.put_back
            and not (op.name == "end" and first_sent < newer.answered)
        ):
            yield Violation(
                "stale write accepted",
                op.asked["jobId"],
                f"{op.name} under {op.asked['claimId']} at {op.begun:.3f}; "
                f"{newer.claim_id} had it since {newer.answered:.3f}",
            )


def pauses(evidence: Evidence) -> Iterator[Violation]:
    """No request that began after the flag was set, and ended before it was lifted, got a job."""
    for op in evidence.named("claim", "fetch"):
        got = op.ok and (op.name == "fetch" or op.got["claims"])
        if not got or "again" in op.asked:
            continue
        for since, until in evidence.pauses:
            if since < op.begun and op.ended < until:
                yield Violation(
                    "started while paused", op.client, f"{op.name} at {op.begun:.3f}, paused since {since:.3f}"
                )


def _newer(held: list[Lease], op: Op) -> Lease | None:
    """Return a lease that began after that of the operation and was known before the operation was sent."""
    mine = next((lease for lease in held if lease.claim_id == op.asked["claimId"]), None)
    if mine is None:
        return None
    return next((each for each in held if each.begun > mine.begun and each.answered < op.begun), None)
