"""What logs promise: every acknowledged line is there once, in the order in which it was written."""

from collections import Counter
from collections.abc import Iterator

from tests.torture.checker.evidence import Evidence, Violation, grouped
from tests.torture.workers import CHUNK, chunk_of


def lines(evidence: Evidence) -> Iterator[Violation]:
    """Check the logs of jobs: a line that was sent once is there at most once, and if acknowledged, there."""
    sent = grouped((op.asked["jobId"], op) for op in evidence.named("update") if "log" in op.asked)
    for job_id, ops in sent.items():
        job = evidence.end.find(job_id)
        if job is None:
            continue
        stored = [entry["message"] for entry in job["log"]]
        counts = Counter(stored)
        for op in ops:
            line = op.asked["log"]
            if op.ok and not counts[line]:
                yield Violation("log with a hole", job_id, f"{line!r} was acknowledged at {op.ended:.3f}")
            if counts[line] > 1:
                yield Violation("log line twice", job_id, f"{line!r} is there {counts[line]} times")
        written = [op.asked["log"] for op in ops if counts[op.asked["log"]]]
        own = set(written)
        if written != [line for line in stored if line in own]:
            yield Violation("log out of order", job_id, f"written {written}")


def pieces(evidence: Evidence) -> Iterator[Violation]:
    """Check the logs of transfers: every acknowledged piece is at its place."""
    for op in evidence.named("monitor"):
        if not op.ok:
            continue
        number = op.asked["chunk"]
        text = chunk_of(op.asked["claimId"], number).encode()
        stored = evidence.end.log_pieces.get(op.asked["jobId"], [])
        if sum(piece["at"] == number * CHUNK and bytes(piece["data"]) == text for piece in stored) != 1:
            yield Violation(
                "log with a hole", op.asked["jobId"], f"piece {number} of {op.asked['claimId']} is not there"
            )
