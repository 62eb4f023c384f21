"""`python -m tests.torture`: break the service in every way at once, and see whether it kept its promises.

Exit status 0 when every run is without a violation, 1 otherwise.
"""

import argparse
import json
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.torture.failover import failover
from tests.torture.report import lines
from tests.torture.run import torture
from tests.torture.sabotage import MEANT, sabotaged

_SEED_BITS = 31


def main() -> int:
    arguments = _arguments()
    # Also where a shell that starts it in the background has the two ignored.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _interrupted)
    if arguments.what == "sabotage":
        return _sabotage(arguments.seed)
    reports = [_failover(arguments)] if arguments.what == "failover" else _torture(arguments)
    if arguments.report:
        arguments.report.write_text(json.dumps(reports, indent=2, default=str))
    broken = sum(len(report["violations"]) for report in reports)
    _say(f"{len(reports)} runs, {broken} violations")
    return 1 if broken else 0


def _torture(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    reports = []
    for seed in arguments.seeds or [arguments.seed + run for run in range(arguments.runs)]:
        _say(f"seed {seed}, {arguments.seconds:.0f} s")
        report = torture(seed, arguments.seconds, _tell, arguments.faults).report
        reports.append(report)
        _say("\n".join(lines(report)))
    return reports


def _failover(arguments: argparse.Namespace) -> dict[str, Any]:
    _say(f"failover, seed {arguments.seed}, {arguments.times} times")
    report = failover(arguments.seed, arguments.times, _tell)
    _say("\n".join(lines(report)))
    return report


def _sabotage(seed: int) -> int:
    """Break the service in each way; return how often the checker has not noticed."""
    unnoticed = 0
    for name, wanted in MEANT.items():
        found = Counter(each.rule for each in sabotaged(name, seed, _tell).violations)
        unnoticed += wanted not in found
        _say(f"without {name}: {dict(found)}; {'noticed' if wanted in found else 'NOT NOTICED'}")
    return unnoticed


def _tell(line: str) -> None:
    _say(f"  {line}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["all", "failover", "sabotage"], default="all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(_SEED_BITS))
    parser.add_argument("--seeds", type=lambda text: [int(each) for each in text.split(",")], metavar="A,B,C")
    parser.add_argument("--runs", type=int, default=1, help="so many seeds, from --seed on")
    parser.add_argument("--seconds", type=float, default=200)
    parser.add_argument("--faults", type=lambda text: text.split(","), metavar="A,B", help="only these faults")
    parser.add_argument("--times", type=int, default=5, help="how often failover kills the primary")
    parser.add_argument("--report", type=Path, metavar="FILE.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
