"""Measure other job queues on this machine.

python -m benchmarks.peers [--only NAME...] [--runs 3] [--quick] [--out FILE]
"""

import argparse
import os
import platform
import signal
import sys
from pathlib import Path

from benchmarks.figures import Results
from benchmarks.machine import load_average
from benchmarks.peers.effort import QUICK, Effort
from benchmarks.peers.report import table
from benchmarks.peers.run import chosen, measure_peers
from benchmarks.peers.versions import versions


def main() -> int:
    """Measure, print the table, and write the figures; 1 if a peer failed."""
    asked = _arguments()
    try:
        peers = chosen(asked.only)
    except KeyError as problem:
        print(f"There is no peer {problem}.", file=sys.stderr)
        return 2
    # Ended from outside, it must end its servers and workers too, as it does when it is interrupted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    before = load_average()
    outcome = measure_peers(peers, asked.runs, QUICK if asked.quick else Effort())
    print(table(peers, outcome.figures))
    if asked.out:
        load = {"load_before": before, "load_after": load_average()}
        sizes = {"sizes": "quick" if asked.quick else "full"}
        facts = {"system": platform.platform(), "cores": os.cpu_count(), **sizes, **load, **versions()}
        Results(facts, outcome.figures).save(asked.out)
    for failure in outcome.failures:
        print(failure, file=sys.stderr)
    return 1 if outcome.failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description="Measure other job queues.")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="rq for both kinds, rq:durable for one")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the jobs: shows that it works, not how fast")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
