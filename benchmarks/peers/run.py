"""Measure peers several times, one after another, so that all runs of one peer do not meet the same neighbors."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.peers.catalog import PEERS, Peer
from benchmarks.peers.effort import Effort
from benchmarks.peers.installation import install
from benchmarks.peers.measure import Measures, measure
from benchmarks.peers.report import figures


@dataclass(frozen=True)
class Outcome:
    """What was measured, and the sentences about what could not be."""

    figures: tuple[Figure, ...]
    failures: tuple[str, ...]


def chosen(names: Sequence[str]) -> tuple[Peer, ...]:
    """The peers of these names, all for none; `rq` is both kinds, `rq:durable` and `rq:shipped` one; else KeyError."""
    if not names:
        return PEERS
    for each in names:
        if not any(_is_named(peer, each) for peer in PEERS):
            raise KeyError(each)
    return tuple(peer for peer in PEERS if any(_is_named(peer, each) for each in names))


def measure_peers(peers: Sequence[Peer], runs: int, effort: Effort) -> Outcome:
    """Install and measure. A peer that fails leaves a sentence, and the others go on."""
    install()
    found: list[tuple[Peer, list[Measures]]] = [(peer, []) for peer in peers]
    failures = []
    for number in range(runs):
        for peer, measured in found:
            began = time.monotonic()
            try:
                measured.append(measure(peer, effort))
            except (OSError, RuntimeError, subprocess.SubprocessError) as problem:
                failures.append(f"{peer.title}, run {number + 1}: {problem}")
            print(f"run {number + 1}: {peer.title}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return Outcome(figures(found), tuple(failures))


def _is_named(peer: Peer, name: str) -> bool:
    return name in (peer.name, f"{peer.name}:{'durable' if peer.durable else 'shipped'}")
