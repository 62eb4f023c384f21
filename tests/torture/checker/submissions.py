"""What submissions promise: a key makes each job once, and a dataset is busy only while somebody has it."""

from collections.abc import Iterator

from tests.torture.checker.evidence import Evidence, Violation, grouped

#: Datasets with this beginning are asked for under one key alone.
OWN = "D_"


def repeats(evidence: Evidence) -> Iterator[Violation]:
    """All answers to one key are the same, and its datasets have one job each."""
    answers = grouped((op.asked["key"], op.got) for op in evidence.named("submit") if op.ok)
    for key, given in answers.items():
        if any(each != given[0] for each in given):
            yield Violation("submitted twice", key, f"one key, different answers: {given}")
    made = [change for change in evidence.end.trail if change.side == "inprogress" and change.kind == "insert"]
    jobs = grouped((change.fields.get("parameters", {}).get("target", ""), change.job_id) for change in made)
    for target, ids in jobs.items():
        if target.startswith(OWN) and len(set(ids)) > 1:
            yield Violation("submitted twice", target, f"jobs {ids}")


def refusals(evidence: Evidence) -> Iterator[Violation]:
    """A dataset that was refused as busy was held by a job at some moment of the request."""
    holders = _holders(evidence)
    first_sent: dict[str, float] = {}
    for op in evidence.named("submit"):
        sent = first_sent.setdefault(op.asked["key"], op.begun)
        for target, result in zip(op.asked["targets"], op.got if op.ok else (), strict=False):
            if result.get("code") == "target-busy" and not _held(holders, target, sent, op.ended, evidence.offset):
                yield Violation("dataset stuck", target, f"refused as busy at {op.ended:.3f}, and nobody had it")


def _holders(evidence: Evidence) -> dict[str, list[tuple[float, float]]]:
    """Return when each dataset was held, by the changes of its jobs."""
    spans: dict[str, list[tuple[str, float]]] = {}
    over: dict[str, float] = {}
    for change in evidence.end.trail:
        if change.side == "inprogress" and change.kind == "insert" and "datasetName" in change.fields:
            spans.setdefault(change.fields["datasetName"], []).append((change.job_id, change.at))
        if change.side == "inprogress" and "datasetName" in change.removed:
            over.setdefault(change.job_id, change.at)
    return {name: [(since, over.get(job_id, float("inf"))) for job_id, since in held] for name, held in spans.items()}


def _held(
    holders: dict[str, list[tuple[float, float]]], target: str, begun: float, ended: float, offset: float
) -> bool:
    tolerance = 0.1
    return any(
        since <= ended + offset + tolerance and until >= begun + offset - tolerance
        for since, until in holders.get(target, ())
    )
