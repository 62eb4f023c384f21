"""What answers promise: an error of the service's own is a 503, whatever happens."""

from collections.abc import Iterator

from tests.torture.checker.evidence import Evidence, Violation


def statuses(evidence: Evidence) -> Iterator[Violation]:
    """No 5xx but 503, and no 400: the clients send nothing malformed."""
    for op in evidence.ops:
        if op.status >= 500 and op.status != 503:
            yield Violation("unexpected error", op.name, f"{op.status} to {op.client} at {op.ended:.3f}: {op.got}")
