"""Bulk runs: a dry run with the number of jobs, the run in the background, then the refusals and their reasons."""

from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from job_service.console.bulk_runner import ACTIONS
from job_service.console.parts import ConsoleParts
from job_service.console.seeking import absolute_times, as_query, given, sought_of
from job_service.lifecycle.errors import Invalid, NotFound
from job_service.lifecycle.job import ALIVE, ENDED, State
from job_service.web.access import Role, allows, caller
from job_service.web.forms import form_key
from job_service.web.pages import page

_MOST_CHOSEN = 1_000
_COUNTED = 50_000
_BATCH = 1_000
_SAMPLES = 10
_SUITS = {"retry": ENDED, "cancel": ALIVE, "cancel now": ALIVE, "release": frozenset({State.RUNNING})}


def add_bulk(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the routes of the dry run and the start."""

    @routes.post("/console/bulk")
    @allows(Role.OPERATE)
    @page
    def bulk() -> Any:
        action, query, ids = _asked(parts)
        if request.form.get("scope") == "chosen" and not ids:
            flash("Choose some jobs first, or all that match.", "warning")
            return redirect(f"{url_for('console.jobs')}?{query}", 303)
        count, samples = _dry_run(parts, action, query, ids)
        told = {"action": action, "query": query, "ids": ids, "count": count, "samples": samples, "most": _COUNTED}
        return render_template("bulk_ask.html", **told)

    @routes.post("/console/bulk/start")
    @allows(Role.OPERATE)
    @page
    def start_bulk() -> Response:
        run_id = parts.once.do(form_key(), lambda: _started(parts))
        return redirect(url_for("console.bulk_run", run_id=run_id), 303)


def add_bulk_runs(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the routes that show and stop runs."""

    @routes.get("/console/bulk")
    @allows(Role.VIEW)
    @page
    def bulk_runs() -> str:
        return render_template("bulk_runs.html", runs=parts.runner.runs.newest())

    @routes.get("/console/bulk/<run_id>")
    @allows(Role.VIEW)
    @page
    def bulk_run(run_id: str) -> str:
        run = parts.runner.runs.get(run_id)
        if run is None:
            raise NotFound("There is no such run")
        return render_template("bulk_run.html", run=run, may_operate=Role.OPERATE in caller().roles)

    @routes.post("/console/bulk/<run_id>/stop")
    @allows(Role.OPERATE)
    @page
    def stop_bulk(run_id: str) -> Response:
        if not parts.runner.runs.stop(run_id):
            flash("This run is over already.", "warning")
        return redirect(url_for("console.bulk_run", run_id=run_id), 303)


def _started(parts: ConsoleParts) -> str:
    """Start the requested run; return its id."""
    action, query, ids = _asked(parts)
    count, _ = _dry_run(parts, action, query, ids)
    run = parts.runner.runs.begin(action, query, ids, count, caller().name)
    parts.runner.start(run["_id"])
    return run["_id"]


def _asked(parts: ConsoleParts) -> tuple[str, str, list[str]]:
    """Return the action, the filter with absolute times, and the chosen jobs. Raises Invalid."""
    action = request.form.get("action", "")
    if action not in ACTIONS:
        raise Invalid.field("action", f"must be one of {', '.join(ACTIONS)}")
    ids = [] if request.form.get("scope") == "all" else sorted(set(request.form.getlist("id")))
    if len(ids) > _MOST_CHOSEN:
        raise Invalid.field("id", f"at most {_MOST_CHOSEN} jobs can be chosen one by one")
    now = parts.store.context.clock.now()
    filters = absolute_times(given(MultiDict(parse_qsl(request.form.get("query", "")))), now)
    if not ids and "state" not in filters:
        filters["state"] = ",".join(sorted(_SUITS[action]))
    return action, as_query(filters), ids


def _dry_run(parts: ConsoleParts, action: str, query: str, ids: list[str]) -> tuple[int, list[Any]]:
    """Return how many jobs a run would affect, counted up to a limit, and some of them."""
    if ids:
        found = [parts.store.reading.get(job_id) for job_id in ids[:_SAMPLES]]
        return len(ids), [job for job in found if job]
    count, samples = 0, list[Any]()
    batches = parts.browsing.all(sought_of(query), _BATCH)
    for jobs in islice(batches, _COUNTED // _BATCH):
        fit = [job for job in jobs if job["state"] in _SUITS[action]]
        count += len(jobs)
        samples += fit[: _SAMPLES - len(samples)]
    return count, samples
