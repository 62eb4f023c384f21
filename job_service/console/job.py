"""The page of a job: timeline, log, parameters, result, related jobs, explanation, and the verbs."""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from job_service.console.look import absolute
from job_service.console.parts import ConsoleParts
from job_service.lifecycle.errors import JobServiceError, NotFound
from job_service.lifecycle.job import ALIVE, ENDED, Job, State
from job_service.lifecycle.view import CoreJob
from job_service.mongo.watching.searches import JobSearch
from job_service.web.access import Role, allows, caller
from job_service.web.addresses import base_url
from job_service.web.forms import form_key
from job_service.web.pages import page
from job_service.web.request_ids import request_id

_LINES = 300
_CHILDREN = 25
_NODES = 2_000
_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One point of the timeline; `look` is `done`, `bad`, `active` or `coming`."""

    at: datetime | None
    text: str
    look: str


def add_job(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the page of a job."""

    @routes.get("/console/jobs/<job_id>")
    @allows(Role.VIEW)
    @page
    def job(job_id: str) -> str:
        found = parts.store.reading.get(job_id)
        if found is None:
            raise NotFound(f"There is no job with the id {job_id[:100]}")
        return render_template("job.html", **_page_of(parts, found))


def add_job_verbs(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the routes of that page's buttons; each redirects to the job, or to a new one that it has made."""
    jobs = parts.jobs
    verbs: dict[str, tuple[Callable[[str, str | None], CoreJob], str]] = {
        "cancel": (lambda job_id, _: jobs.cancel(job_id), "Cancelled, or its worker was asked to stop."),
        "cancel-now": (lambda job_id, _: jobs.cancel(job_id, awaits_worker=False), "Cancelled."),
        "release": (jobs.release, "It waits for a worker again; whoever held it has lost it."),
        "retry": (jobs.retry, "This is the new job, like the one before."),
    }

    @routes.post('/console/jobs/<job_id>/<any(cancel, "cancel-now", release, retry):verb>')
    @allows(Role.OPERATE)
    @page
    def act_on_job(job_id: str, verb: str) -> Response:
        act, told = verbs[verb]
        try:
            leads_to = parts.once.do(form_key(), lambda: str(act(job_id, request_id())["jobId"]))
            flash(told, "success")
        except JobServiceError as error:
            leads_to = job_id
            flash(error.message, "warning")
        return redirect(url_for("console.job", job_id=leads_to), 303)


def _page_of(parts: ConsoleParts, job: Job) -> dict[str, Any]:
    job_id = job["_id"]
    log = job.get("log", [])
    children = parts.overseeing.children(job_id)
    has_children = any(children.values())
    found = (
        parts.browsing.page(JobSearch(kinds=(job["kind"],), parent_id=job_id), _CHILDREN).jobs if has_children else []
    )
    return {
        "job": job,
        "has_kind": job["kind"] in parts.store.context.kinds,
        "steps": list(_timeline(job)),
        "log": log[-_LINES:],
        "left_out": max(len(log) - _LINES, 0),
        "parameters": pruned(job.get("parameters", {})),
        "result": pruned(job.get("result")),
        "explained": parts.jobs.explain(job_id),
        "children": children if has_children else None,
        "some_children": found,
        "retried_as": parts.overseeing.retried_as(job_id),
        "curl": list(_curl(job)),
        "may_operate": Role.OPERATE in caller().roles,
        "alive": job["state"] in ALIVE,
        "held": job["state"] == State.RUNNING and "lease" in job,
    }


def _timeline(job: Job) -> Iterator[Step]:
    yield Step(job.get("createdAt"), "submitted", "done")
    if job.get("startedAt"):
        times = f", {job['claims']} times in all" if job.get("claims", 0) > 1 else ""
        yield Step(job["startedAt"], f"started{times}", "done")
    if job.get("leasesLost"):
        yield Step(None, f"{job['leasesLost']} of its workers were lost", "bad")
    if job.get("attempts"):
        yield Step(None, f"failed {job['attempts']} of {job.get('maxAttempts', '?')} times", "bad")
    if job.get("cancelRequestedAt"):
        yield Step(job["cancelRequestedAt"], "asked to stop", "bad")
    if job["state"] in ENDED:
        yield Step(job.get("finishedAt"), job["state"], "done" if job["state"] == State.COMPLETED else "bad")
    elif job["state"] == State.RUNNING and "lease" in job:
        yield Step(None, f"held by {job['lease']['worker']}, until {absolute(job['lease']['until'])}", "active")
    elif "readyAt" in job:
        yield Step(job["readyAt"], "may be claimed", "coming")


def _curl(job: Job) -> Iterator[str]:
    """Yield the shell commands that show and do the same."""
    root = base_url()
    url = f"{root}/jobs/{job['_id']}"
    yield f"curl {shlex.quote(url)}"
    yield f"curl {shlex.quote(f'{url}/explain')}"
    verb = "cancel" if job["state"] in ALIVE else "retry"
    yield f"curl -X POST {shlex.quote(f'{url}/{verb}')}"
    follow = f"{root}/events?jobId={job['_id']}"
    yield f"curl -N {shlex.quote(follow)}"


def pruned(value: Any, left: list[int] | None = None, depth: int = 0) -> Any:
    """Return a value small enough for a page, cut after so many parts and levels, with a mark where it was cut."""
    left = [_NODES] if left is None else left
    left[0] -= 1
    if not isinstance(value, dict | list):
        return value
    if depth >= _DEPTH or left[0] <= 0:
        return f"… ({len(value)} more inside; the API has all of it)"
    if isinstance(value, dict):
        return {name: pruned(item, left, depth + 1) for name, item in value.items() if left[0] > 0}
    return [pruned(item, left, depth + 1) for item in value if left[0] > 0]
