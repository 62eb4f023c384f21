"""Figures of the peers: their names, and the table that a person reads."""

from collections.abc import Iterable, Sequence

from benchmarks.figures import Figure
from benchmarks.peers.catalog import Peer
from benchmarks.peers.effort import BATCH
from benchmarks.peers.measure import Measures

RATES = ("submit one", f"submit by {BATCH}", "drain")
WAITS = ("pickup p50", "pickup p99")


def figures(runs: Iterable[tuple[Peer, Sequence[Measures]]]) -> tuple[Figure, ...]:
    """One figure for each peer and measure, named `peer NAME (durable: yes): MEASURE`; none where no run has it."""
    return tuple(figure for peer, measured in runs for figure in _of(peer, measured))


def _of(peer: Peer, measured: Sequence[Measures]) -> Iterable[Figure]:
    for measure in (*RATES, *WAITS):
        values = tuple(run[measure] for run in measured if measure in run)
        if values and measure in RATES:
            yield Figure(name(peer, measure), "jobs/s", "higher", values)
        elif values:
            yield Figure(name(peer, measure), "ms", "lower", values)


def name(peer: Peer, measure: str) -> str:
    return f"peer {peer.title}: {measure}"


def table(peers: Iterable[Peer], found: Iterable[Figure]) -> str:
    """Medians as a Markdown table."""
    medians = {figure.name: figure.median for figure in found}
    lines = ["| peer | durable | submit one | submit by 100 | drain | pickup p50 ms | pickup p99 ms |"]
    lines.append("| --- | --- | --: | --: | --: | --: | --: |")
    for peer in peers:
        cells = [_cell(medians.get(name(peer, measure)), measure) for measure in (*RATES, *WAITS)]
        lines.append(f"| {peer.name} | {'yes' if peer.durable else 'no'} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: float | None, measure: str) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if measure in RATES else f"{value:,.2f}"
