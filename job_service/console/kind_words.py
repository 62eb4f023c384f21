"""A kind's definition, in sentences."""

from collections.abc import Iterator
from typing import Any

from job_service.console.look import duration
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy

#: The length of a lease that neither the claim nor the kind sets.
_LEASE_SECONDS = 60
_LATER = "kept, and not enforced yet"


def rules_of(kind: Kind, service: RetryPolicy) -> Iterator[str]:
    """Yield the rules for every job of a kind: attempts, times and limits."""
    retry, policy = service.of(kind), kind.policy
    tries = f"{retry.max_attempts} tries" if retry.max_attempts != 1 else "One try"
    if retry.max_attempts > 1:
        tries += f", again after {duration(retry.backoff_seconds)}, doubling to {duration(retry.backoff_max_seconds)}"
    yield f"{tries}."
    yield f"A worker is lost after {duration(policy.lease_seconds or _LEASE_SECONDS)} without a word."
    yield (
        f"Ended jobs are kept {policy.retention_days:,} days."
        if policy.retention_days
        else "Ended jobs are kept as long as the service is set to."
    )
    if policy.start_within_seconds:
        yield f"It must start within {duration(policy.start_within_seconds)} ({_LATER})."
    if policy.max_run_seconds:
        yield f"One run takes {duration(policy.max_run_seconds)} at most ({_LATER})."
    if limits := ", ".join(_limits(policy.limits or {})):
        yield f"At most {limits} ({_LATER})."
    if kind.steps is not None:
        yield f"While it runs a worker may set the status to {', '.join(sorted(kind.steps)) or 'nothing else'}."


def groups_of(kind: Kind) -> Iterator[tuple[str, str]]:
    """Yield the groupings of a kind's jobs, each with its purpose: types, keys, unique values, labels."""
    said = kind.definition
    if kind.types:
        yield "type", f"One of {', '.join(kind.types)}. A worker may ask for some of them only."
    elif kind.own:
        yield "type", "Any word, or none. A worker may ask for the jobs of some types only."
    if "key" in said:
        yield (
            "key",
            f"The value at {said['key'] or 'the root'} of the parameters. A worker may ask for the jobs of a key.",
        )
    if "unique" in said:
        yield "unique", f"At most one job with a value at {said['unique'] or 'the root'} of the parameters is alive."
    if kind.own:
        yield "labels", "Up to eight, such as team=blue: the list of jobs and claims narrow by them."


def _limits(limits: Any) -> Iterator[str]:
    for name, words in (
        ("running", "{} at a time"),
        ("runningPerKey", "{} at a time for one key"),
        ("startsPerMinute", "{} starts a minute"),
    ):
        if name in limits:
            yield words.format(limits[name])
    if limits.get("perKey"):
        yield f"figures of their own for {len(limits['perKey'])} keys"
