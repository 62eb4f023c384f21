"""Reports that count as alike must be the same change: they are decided once, and written by one statement."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from job_service.lifecycle.job import Job, Lease
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.reports import Report, decide, likeness
from job_service.lifecycle.retry import RetryPolicy

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FAMILIES = {name: Kind(name=name) for name in ("one", "other")}
FEW = st.one_of(st.none(), st.sampled_from([0, 1, True, 1.0]))

jobs = st.builds(
    lambda kind, worker, seconds, named, tries, cancel: Job(
        kind=kind,
        state="running",
        readyAt=NOW,
        lease=Lease(claimId="claim-one", worker=worker, until=NOW + timedelta(seconds=seconds or 60)),
        **({"leaseSeconds": seconds} if seconds else {}),
        **({"datasetName": "D"} if named else {}),
        **({"cancelRequestedAt": NOW} if cancel else {}),
        attempts=tries,
        maxAttempts=2,
    ),
    st.sampled_from(sorted(FAMILIES)),
    st.sampled_from(["w", "v"]),
    st.sampled_from([None, 30, 60]),
    st.booleans(),
    st.integers(0, 2),
    st.booleans(),
)
reports = st.builds(
    Report,
    job_id=st.sampled_from(["a", "b"]),
    claim_id=st.just("claim-one"),
    lease_seconds=st.sampled_from([None, 30]),
    progress=st.sampled_from([None, 0, 1]),
    step=st.sampled_from([None, "halfway"]),
    end=st.sampled_from([None, "completed", "failed", "cancelled"]),
    retry=st.booleans(),
    messages=st.sampled_from([(), ("a line",)]),
    amend=st.sampled_from([(), (("size", 1),), (("size", True),)]),
    result=FEW,
    error=st.sampled_from([None, "broken"]),
    request_id=st.sampled_from([None, "r"]),
)


def decided(report, job):
    """Return a change in a form in which 1 and true differ."""
    return repr(decide(report, job, FAMILIES[job["kind"]], RetryPolicy(), NOW, 0.5))


@given(st.lists(st.tuples(reports, jobs), min_size=2, max_size=8))
def test_what_is_alike_is_decided_alike(pairs):
    for one, other in combinations(pairs, 2):
        alike = likeness(*one)
        if alike is not None and alike == likeness(*other):
            assert decided(*one) == decided(*other)


def test_ends_of_many_jobs_are_alike():
    ends = [Report(job_id=name, claim_id="claim-one", end="completed", request_id=name) for name in "ab"]
    job = Job(kind="one", state="running", lease=Lease(claimId="claim-one", worker="w", until=NOW))
    one, other = (likeness(end, job) for end in ends)
    assert one == other is not None


def test_each_failure_that_is_to_be_tried_again_draws_its_own_delay():
    again = Report(job_id="a", claim_id="claim-one", end="failed", retry=True)
    job = Job(kind="one", state="running", lease=Lease(claimId="claim-one", worker="w", until=NOW))
    assert likeness(again, job) is None
