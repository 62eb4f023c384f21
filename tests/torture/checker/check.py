"""The checker: every rule over the evidence of one run."""

from collections.abc import Callable, Iterator

from tests.torture.checker import answers, claims, jobs, logs, submissions, trail
from tests.torture.checker.evidence import Evidence, Violation

RULES: tuple[Callable[[Evidence], Iterator[Violation]], ...] = (
    jobs.lost,
    jobs.ends,
    jobs.left_behind,
    jobs.elements,
    claims.leases,
    claims.fence,
    claims.pauses,
    submissions.repeats,
    submissions.refusals,
    logs.lines,
    logs.pieces,
    answers.statuses,
    trail.check,
)


def check(evidence: Evidence) -> list[Violation]:
    """Return everything that was broken."""
    return [violation for rule in RULES for violation in rule(evidence)]
