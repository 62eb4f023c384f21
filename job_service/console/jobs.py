"""The list of all jobs: a filter in the URL, a page of rows, and bulk actions."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from job_service.console.parts import ConsoleParts
from job_service.console.seeking import FIELDS, as_query, given, labels_of, sought
from job_service.lifecycle.errors import Invalid
from job_service.lifecycle.job import State
from job_service.mongo.watching.browsing import LOOKED_AT, Page
from job_service.web.access import Role, allows, caller
from job_service.web.pages import page
from job_service.web.requests import query_field

_ROWS = 50


def add_jobs(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the list."""

    @routes.get("/console/jobs")
    @allows(Role.VIEW)
    @page
    def jobs() -> Any:
        wanted = (query_field("id") or "").strip()
        if wanted and parts.store.reading.get(wanted):
            return redirect(url_for("console.job", job_id=wanted), 303)
        for name in FIELDS:
            if name != "label":
                query_field(name)
        filters = given(request.args)
        found, faults = _find(parts, filters)
        page_given = {
            "found": found,
            "faults": {fault["loc"][0]: fault["msg"] for fault in faults},
            "filters": filters,
            "fields": FIELDS,
            "query": as_query(filters),
            "next": as_query(filters, before=found.next) if found.next else None,
            "unknown": wanted,
            "looked_at": LOOKED_AT,
            "kinds": list(parts.store.context.kinds),
            "states": [state.value for state in State],
            "labels": labels_of(filters),
            "may_operate": Role.OPERATE in caller().roles,
        }
        return render_template("jobs.html", **page_given), 400 if faults else 200


def _find(parts: ConsoleParts, filters: dict[str, str]) -> tuple[Page, list[Any]]:
    """Return the page of a filter, or none and the faults of the form's fields. Raises Invalid for other faults."""
    try:
        wanted = sought(filters, before=query_field("before"), now=parts.store.context.clock.now())
        unknown = set(wanted.kinds) - set(parts.store.context.kinds)
        # Ended jobs of a deleted kind stay readable.
        if unknown and not unknown <= parts.store.counters.counts().keys():
            raise Invalid.field("kind", f"there is no kind {min(unknown)!r}")
        return parts.browsing.page(wanted, _ROWS), []
    except Invalid as error:
        # A fault without a field of the form would not be shown.
        if any(fault["loc"][0] not in FIELDS for fault in error.faults):
            raise
        return Page([], None, partial=False), error.faults
