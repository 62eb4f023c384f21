"""The ratios that the figures are taken for, and where they should be."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Better, Figure, Ratio
from benchmarks.peers.catalog import DURABLE
from benchmarks.peers.report import name as name_of_peers


@dataclass(frozen=True)
class Goal:
    """A figure, divided by another one if `under` names it, and the target; `better` and `target` as in Ratio."""

    name: str
    over: str
    under: str | None = None
    target: float | None = None
    better: Better = "higher"
    scale: float = 1.0


def ratios_of(figures: Sequence[Figure], goals: Sequence[Goal] | None = None) -> tuple[Ratio, ...]:
    """Return every ratio whose figures were measured."""
    medians = {figure.name: figure.median for figure in figures}
    found = []
    for goal in GOALS if goals is None else goals:
        over, under = medians.get(goal.over), medians.get(goal.under) if goal.under else 1.0
        if over is not None and under:
            found.append(Ratio(goal.name, round(over / under / goal.scale, 4), goal.better, goal.target))
    return tuple(found)


def _beside_raw(verb: str, what: str, target: float | None, suffix: str = "") -> Goal:
    ours = f"{verb} {what}, service{suffix}"
    return Goal(f"{ours} / raw", ours, f"{verb} {what}, raw", target)


_REPLACED_BATCHES, _REPLACED_SUBMITS, _REPLACED_FINISHES = 935, 340, 255

_SINGLES = tuple(
    _beside_raw(verb, f"one, x{clients}", target if clients == 8 else None)
    for verb, target in (("submit", 0.7), ("claim", 1.0), ("finish", 1.0))
    for clients in (1, 8, 64)
)
_BATCHES = tuple(
    _beside_raw(verb, f"by 100, x{clients}", target if clients == 1 else None)
    for verb, target in (("submit", 0.5), ("claim", 0.8), ("finish", 0.8))
    for clients in (1, 8)
)
_OTHERS = (
    _beside_raw("submit", "by 10,000, x1", None),
    _beside_raw("claim", "one, x8", None, " under claim ids of the worker's own"),
    _beside_raw("claim", "by 100, x1", None, " under claim ids of the worker's own"),
    _beside_raw("finish", "one, x8", None, " until all are moved"),
    _beside_raw("finish", "by 100, x1", None, " until all are moved"),
)
_CROWDS = tuple(
    Goal(f"{verb} one, service, x64 / x8", f"{verb} one, x64, service", f"{verb} one, x8, service", 1.0)
    for verb in ("submit", "claim", "finish")
)
_REPLACED = (
    Goal("submit by 100 / the replaced service", "submit by 100, x1, service", None, 10.0, scale=_REPLACED_BATCHES),
    Goal("submit one, x8 / the replaced service", "submit one, x8, service", None, None, scale=_REPLACED_SUBMITS),
    Goal("finish one, x8 / the replaced service", "finish one, x8, service", None, 5.0, scale=_REPLACED_FINISHES),
)
_EMPTY = (
    Goal("submit one, x8, service / GET of the empty route", "submit one, x8, service", "GET, x8, empty route"),
    Goal("finish by 100, x1, service / empty route", "finish by 100, x1, service", "POST of 100, x1, empty route"),
)
_INDEXES = tuple(
    Goal(f"{what}, raw / with the claim's index only", f"{what}, raw", f"{what}, raw with the claim's index only")
    for what in ("submit one, x8", "submit by 100, x1", "claim one, x8", "claim by 100, x1", "finish by 100, x1")
)

_DRAINS = tuple(
    Goal(f"{what}, service{suffix} / raw", f"{what}, service{suffix}", f"{what}, raw")
    for verb in ("drain", "whole way")
    for what in (f"{verb} by {size}, x{clients}" for size in (100, 500) for clients in (1, 2))
    for suffix in ("", " until all are moved")
)
_CPU = tuple(
    Goal(
        f"{what}: CPU of {part}, service / raw",
        f"{what}, service: CPU of {part}",
        f"{what}, raw: CPU of {part}",
        better="lower",
    )
    for what in ("drain by 100, x1", "drain by 500, x2")
    for part in ("mongod", "all")
)
_LISTS = (
    Goal("a list of 10,000, service / raw", "a list of 10,000, service", "a list of 10,000, raw", 0.5),
    *(
        Goal(f"a page of 100 of {jobs}{what}, ms", f"a page of 100 of {jobs}{what}, service", None, 20.0, "lower")
        for jobs in ("100,000", "1,000,000")
        for what in ("", " of a state", " of an operation", " of a state and an operation")
    ),
)
_BACKLOGS = tuple(
    Goal(
        f"cost of a claim {what}, {there} / 1,000 waiting",
        f"claim {what}, x1, service, 1,000 waiting",
        f"claim {what}, x1, service, {there}",
        1.3,
        "lower",
    )
    for what in ("one", "by 100")
    for there in ("100,000 waiting", "1,000,000 waiting", "1,000 waiting, 10,000,000 in completed")
)
_KINDS = tuple(
    Goal(
        f"cost of {verb} {what}, {kinds} / 1 kind",
        f"{verb} {what}, 1 kind",
        f"{verb} {what}, {kinds}",
        # Claims and ends at one moment go to the database together where they are of one kind.
        None if kinds == "1,000 kinds" and what == "one, x8" else 1.1,
        "lower",
    )
    for kinds in ("1 of 1,000 kinds", "1,000 kinds")
    for what in ("one, x1", "one, x8", "by 10, x1")
    for verb in ("submit", "claim", "finish")
)
_WAITING = (
    Goal("pickup p50, idle service, ms", "pickup p50, idle service", None, 6.0, "lower"),
    Goal("pickup p99, idle service, ms", "pickup p99, idle service", None, 25.0, "lower"),
    Goal(
        "pickup p50, idle service / raw", "pickup p50, idle service", "pickup p50, raw insert and claim", None, "lower"
    ),
    # One look a second; an empty answer of the change stream now and then.
    Goal(
        "operations a second that waiting claims add, for each process",
        "operations that waiting claims add, for each process",
        None,
        1.3,
        "lower",
    ),
)

#: Durable peers whose drains should be behind ours; those of the others should be within reach.
_TO_BE_BEATEN = {"beanstalkd", "procrastinate", "rq", "huey", "dramatiq", "celery"}
_BESIDE_PEERS: tuple[tuple[str, str, Better, set[str]], ...] = (
    ("submit one, x1, service", "submit one", "higher", set()),
    ("submit by 100, x1, service", "submit by 100", "higher", set()),
    ("drain by 500, x2, service", "drain", "higher", _TO_BE_BEATEN),
    ("pickup p50, idle service", "pickup p50", "lower", set()),
)
_PEERS = tuple(
    Goal(f"{ours} / {theirs}", ours, theirs, 1.0 if peer.name in beaten else None, better)
    for ours, measure, better, beaten in _BESIDE_PEERS
    for peer in DURABLE
    for theirs in [name_of_peers(peer, measure)]
)

GOALS: tuple[Goal, ...] = (
    *_SINGLES,
    *_BATCHES,
    *_OTHERS,
    *_CROWDS,
    *_REPLACED,
    *_EMPTY,
    *_INDEXES,
    *_DRAINS,
    *_CPU,
    *_LISTS,
    *_BACKLOGS,
    *_KINDS,
    *_WAITING,
    *_PEERS,
)
