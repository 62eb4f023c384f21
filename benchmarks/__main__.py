"""The speed of the service beside its limits, on this machine.

python -m benchmarks [--only NAME...] [--runs 3] [--quick] [--large] [--peers] [--out FILE]
python -m benchmarks against COMMIT [--runs 3] [--quick] [--out FILE]
python -m benchmarks compare OLD.json NEW.json
python -m benchmarks table FILE.json
python -m benchmarks profile [--out FOLDER] [PATH...]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import against
from benchmarks.compare import comparison
from benchmarks.figures import Figure, Results
from benchmarks.machine import facts, load_average
from benchmarks.peers.effort import QUICK, Effort
from benchmarks.peers.run import chosen, measure_peers
from benchmarks.peers.versions import versions
from benchmarks.plan import Scenario, run_all
from benchmarks.profiled import WAYS
from benchmarks.profiling import FOLDER as PROFILES
from benchmarks.profiling import Missing, profile
from benchmarks.ratios import GOALS, Goal, ratios_of
from benchmarks.scenarios.every import EVERY
from benchmarks.stage import Sizes, Stage
from benchmarks.table import markdown

FOLDER = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    if asked.command == "compare":
        text, worse = comparison(Results.load(asked.old), Results.load(asked.new))
        print(text)
        return 1 if worse else 0
    if asked.command == "table":
        print(markdown(Results.load(asked.file)))
        return 0
    if asked.command == "profile":
        return _profile(asked)
    return _against(asked) if asked.command == "against" else _measure_all(asked)


def _parser() -> argparse.ArgumentParser:
    names = [scenario.name for scenario in EVERY]
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure the service beside its limits.")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"of: {', '.join(names)}")
    parser.add_argument("--large", action="store_true", help="also those with a million jobs and more")
    parser.add_argument("--peers", action="store_true", help="also other job queues, which it installs")
    _add_effort(parser)
    commands = parser.add_subparsers(dest="command")
    compare = commands.add_parser("compare", help="print what changed; exit 1 when something regressed by a fifth")
    compare.add_argument("old", type=Path)
    compare.add_argument("new", type=Path)
    table = commands.add_parser("table", help="print a file's figures as Markdown")
    table.add_argument("file", type=Path)
    earlier = commands.add_parser("against", help="measure beside an earlier commit, in turns")
    earlier.add_argument("commit")
    _add_effort(earlier)
    _add_profile(commands.add_parser("profile", help="write where the time of some paths goes"))
    return parser


def _add_effort(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, help="of each measurement; 3, or 1 with --quick")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does everything work?")
    parser.add_argument("--out", type=Path, help="where the figures go as JSON")


def _add_profile(parser: argparse.ArgumentParser) -> None:
    names = [way.name for way in WAYS]
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"all, or of: {', '.join(names)}")
    parser.add_argument("--out", type=Path, dest="folder", default=PROFILES, metavar="FOLDER")
    parser.set_defaults(refuse=parser.error)


def _profile(asked: argparse.Namespace) -> int:
    if unknown := set(asked.paths) - {way.name for way in WAYS}:
        asked.refuse(f"no such path: {', '.join(sorted(unknown))}")
    try:
        profile([way for way in WAYS if not asked.paths or way.name in asked.paths], asked.folder, _tell)
    except Missing as missing:
        _tell(str(missing))
        return 1
    return 0


def _measure_all(asked: argparse.Namespace) -> int:
    scenarios = [each for each in EVERY if (each.name in asked.only if asked.only else asked.large or not each.large)]
    return _measure(asked, scenarios, lambda _: GOALS, peers=asked.peers)


def _against(asked: argparse.Namespace) -> int:
    try:
        with against.tree_of(asked.commit) as tree:
            return _measure(asked, [against.scenario(asked.commit, tree)], partial(against.goals, asked.commit))
    except subprocess.CalledProcessError as failure:
        _tell(failure.stderr.decode().strip())
        return 1


def _measure(
    asked: argparse.Namespace,
    scenarios: Sequence[Scenario],
    goals: Callable[[Sequence[str]], Sequence[Goal]],
    *,
    peers: bool = False,
) -> int:
    """Run scenarios, keep and print their figures; `goals` are given the figures' names."""
    runs = asked.runs or (1 if asked.quick else 3)
    began, before = time.monotonic(), load_average()
    stage = Stage(Sizes.quick() if asked.quick else Sizes())
    try:
        figures, failed = run_all(stage, scenarios, runs, _tell)
        machine = facts(stage.client.server_info()["version"])
    finally:
        stage.close()
    if peers:
        of_peers, machine["peers"], failures = _measure_peers(runs, quick=asked.quick)
        figures, failed = [*figures, *of_peers], [*failed, *failures]
    measured = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began),
        "load_before": before,
        "load_after": load_average(),
        "sizes": "quick" if asked.quick else "full",
    }
    ratios = ratios_of(figures, goals([each.name for each in figures]))
    results = Results({**machine, **measured}, tuple(figures), ratios)
    path = asked.out or FOLDER / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}{'-quick' if asked.quick else ''}.json"
    results.save(path)
    print(markdown(results))
    _tell(f"kept in {path}")
    return 1 if failed else 0


def _measure_peers(runs: int, *, quick: bool) -> tuple[tuple[Figure, ...], dict[str, str], tuple[str, ...]]:
    """Return the figures of other job queues, their versions, and a sentence for each run that failed."""
    outcome = measure_peers(chosen(()), runs, QUICK if quick else Effort())
    for failure in outcome.failures:
        _tell(failure)
    return outcome.figures, versions(), outcome.failures


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
