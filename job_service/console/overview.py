"""The start page: problems first, then the flow of jobs, their numbers, and the families' additions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, url_for

from job_service.console.charts import flow_chart
from job_service.console.look import duration
from job_service.console.parts import ConsoleParts
from job_service.lifecycle.job import State
from job_service.mongo.watching.stats import Statistics
from job_service.web.access import Role, allows
from job_service.web.pages import page, wants_page

_MINUTES = 60
_SAMPLES = 5
#: How many kinds beside the families have a row, how many a chart, and how many a problem of their own.
_ROWS, _CHARTS, _QUEUES = 25, 12, 10
#: The waiting time in seconds from which on a job counts as a problem.
_LONG = timedelta(minutes=5).total_seconds()
_UNSERVED = timedelta(seconds=30).total_seconds()


#: What happened to the jobs of each kind, by minute.
Flow = Mapping[str, Mapping[datetime, Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem, with a link; `bad` ones need an operator."""

    text: str
    href: str
    bad: bool = False


def add_overview(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the start page."""
    starts = [family.start for family in parts.families.values() if family.start]

    @routes.get("/")
    @allows(Role.VIEW)
    @page
    def overview() -> Any:
        if starts and not wants_page():
            return starts[0].answer()
        stats = parts.store.stats.gather()
        now = parts.store.context.clock.now()
        flow = parts.store.counters.flow(_MINUTES)
        shown = _busiest(parts, stats, flow)
        return render_template(
            "overview.html",
            problems=list(_problems(parts, stats)),
            stats=stats,
            kinds={kind: stats["kinds"][kind] for kind in shown},
            others=len(stats["kinds"]) - len(shown),
            charts=[
                flow_chart(kind, flow.get(kind, {}), now, _MINUTES)
                for kind in shown
                if any(stats["kinds"][kind]["states"].values())
            ][:_CHARTS],
            states=[state.value for state in State],
            number_columns=[f"#{state.value}" for state in State],
            parts=[start.part for start in starts],
        )


def _busiest(parts: ConsoleParts, stats: Statistics, flow: Flow) -> list[str]:
    """Return the families and, among the other kinds that have jobs, those with most to tell, in the usual order."""
    families = parts.store.context.kinds.families

    def told(kind: str) -> int:
        states = stats["kinds"][kind]["states"]
        came = sum(count for minute in flow.get(kind, {}).values() for count in minute.values())
        return came + sum(count for state, count in states.items() if state is not State.COMPLETED)

    others = [
        kind for kind, figures in stats["kinds"].items() if kind not in families and any(figures["states"].values())
    ]
    most = {*families, *sorted(others, key=told, reverse=True)[:_ROWS]}
    return [kind for kind in stats["kinds"] if kind in most]


def _problems(parts: ConsoleParts, stats: Statistics) -> Iterator[Problem]:
    pause = stats["paused"]
    if pause:
        who = f" by {pause['setBy']}" if pause.get("setBy") else ""
        since = f"since {pause['timestamp']:%Y-%m-%d %H:%M} UTC"
        yield Problem(f"Nothing starts: paused{who} {since}. {pause['msg']}", url_for("console.maintenance"), bad=True)
    waits = sorted(_queues(stats), key=lambda problem: not problem.bad)
    yield from waits[:_QUEUES]
    if len(waits) > _QUEUES:
        text = f"{len(waits) - _QUEUES:,} more kinds have jobs that have waited too long."
        yield Problem(text, url_for("console.kinds"), bad=waits[_QUEUES].bad)
    yield from _losses(parts, stats)


def _queues(stats: Statistics) -> Iterator[Problem]:
    served = {worker["kind"] for worker in stats["workers"]}
    for kind, figures in stats["kinds"].items():
        waited = figures["oldestClaimableSeconds"]
        href = url_for("console.jobs", kind=kind, state="queued")
        if waited is not None and waited >= _UNSERVED and kind not in served:
            text = f"Nobody asks for {kind} jobs; the oldest has waited {duration(waited)}."
            yield Problem(text, href, bad=True)
        elif waited is not None and waited >= _LONG:
            yield Problem(f"The oldest {kind} job that may start has waited {duration(waited)}.", href)


def _losses(parts: ConsoleParts, stats: Statistics) -> Iterator[Problem]:
    lapsed = parts.overseeing.lapsed()
    if lapsed:
        text = f"{lapsed} job{'s' if lapsed > 1 else ''} whose lease is over, and nobody has taken over."
        yield Problem(text, url_for("console.jobs", state="running"), bad=True)
    silent = [worker for worker in parts.overseeing.workers() if worker["silent"]]
    if silent:
        names = ", ".join(worker["worker"] for worker in silent[:_SAMPLES]) + (" …" if len(silent) > _SAMPLES else "")
        holding = any(worker["holds"] for worker in silent)
        yield Problem(f"Not heard of for two minutes: {names}.", url_for("console.workers"), bad=holding)
    aside = [kind for kind, figures in stats["kinds"].items() if figures["states"][State.QUARANTINED]]
    if aside:
        count = sum(stats["kinds"][kind]["states"][State.QUARANTINED] for kind in aside)
        text = f"{count} job{'s' if count > 1 else ''} in quarantine: too many workers were lost with them."
        yield Problem(text, url_for("console.jobs", state="quarantined"), bad=True)
