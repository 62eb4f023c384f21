"""What became of jobs: none lost, each ended once and as it was acknowledged, none left behind."""

from collections.abc import Iterator

from job_service.lifecycle.job import ALIVE, ENDED, State
from tests.torture.checker.evidence import Evidence, Violation, acknowledged, grouped
from tests.torture.history import FAIL, Op


def lost(evidence: Evidence) -> Iterator[Violation]:
    """Every acknowledged job is in one of the collections, and was never said to be in none."""
    for word, job_id, op in acknowledged(evidence):
        if job_id is None or evidence.end.find(job_id) is None:
            yield Violation(
                "job lost", word, f"acknowledged to {op.client} at {op.ended:.3f}, and in neither collection"
            )
    for op in evidence.named("get"):
        if op.outcome == FAIL and op.status == 404:
            yield Violation("job not found", op.asked["jobId"], f"{op.client} was told so at {op.ended:.3f}")


def ends(evidence: Evidence) -> Iterator[Violation]:
    """An acknowledged end is the state of the job, and nobody else's end of it was acknowledged."""
    taken = grouped((op.asked["jobId"], op) for op in evidence.named("end", "end-anyone") if op.ok and _is_final(op))
    for job_id, ops in taken.items():
        if job_id in evidence.put_back:
            continue
        who = {(op.asked.get("claimId", op.client), _state(op)) for op in ops}
        if len(who) > 1:
            rule = "element run twice" if all("element" in op.asked for op in ops) else "ended twice"
            yield Violation(rule, job_id, f"ends acknowledged: {sorted(who)}")
        job = evidence.end.find(job_id)
        state = job["state"] if job else "nowhere"
        for _, wanted in who:
            if len(who) == 1 and state != wanted:
                yield Violation("end lost", job_id, f"acknowledged as {wanted}, and is {state}")
    for op in evidence.named("end-number"):
        job = evidence.numbered.get((op.asked["kind"], op.asked["number"])) if op.ok else None
        if job and job["state"] not in ENDED and job["_id"] not in evidence.put_back:
            yield Violation("end lost", job["_id"], f"acknowledged as processed, and is {job['state']}")


def left_behind(evidence: Evidence) -> Iterator[Violation]:
    """After the sweep no ended job is in inprogress, none in both, and no parent waits for nothing."""
    end = evidence.end
    for job_id, job in end.inprogress.items():
        if "finishedAt" in job and job["state"] in ENDED:
            yield Violation("left in inprogress", job_id, f"it has ended as {job['state']}")
        if job["state"] in ENDED and job.get("datasetName"):
            yield Violation("dataset stuck", job["datasetName"], f"held by {job_id}, which has ended")
        if job_id in end.completed:
            yield Violation("in both collections", job_id, f"{job['state']} and {end.completed[job_id]['state']}")
    alive = {job["parentId"] for job in end.inprogress.values() if "parentId" in job and job["state"] in ALIVE}
    for job_id, job in end.inprogress.items():
        if job.get("waits") == "children" and job_id not in alive:
            yield Violation("parent stuck", job_id, "all its elements have ended")


def elements(evidence: Evidence) -> Iterator[Violation]:
    """No element of a transfer is there twice."""
    children = (job for job in evidence.end if job["kind"] == "transfer" and "parentId" in job)
    places = grouped(
        ((job["parentId"], job["parameters"].get("expansion"), job["parameters"]["element"]), job["_id"])
        for job in children
    )
    for place, ids in places.items():
        if len(ids) > 1 and place[1] is not None:
            yield Violation("element made twice", place[0], f"element {place[2]} is {ids}")


def _is_final(op: Op) -> bool:
    return not op.asked.get("retry")


def _state(op: Op) -> str:
    return str(op.asked.get("status", State.COMPLETED.value))
