"""The console, the operators' pages. Each group of pages has its own module."""

from flask import Blueprint, request
from flask_wtf.csrf import CSRFProtect

from job_service.console.bulk import add_bulk, add_bulk_runs
from job_service.console.frame import let_anyone_read
from job_service.console.job import add_job, add_job_verbs
from job_service.console.jobs import add_jobs
from job_service.console.kinds import add_kinds, add_new_job
from job_service.console.operations import add_maintenance, add_workers
from job_service.console.overview import add_overview
from job_service.console.parts import ConsoleParts
from job_service.console.signing_in import add_signing_in


def console_routes(parts: ConsoleParts, protect: CSRFProtect) -> Blueprint:
    """Return the routes of the pages and their files; every form needs a valid CSRF token."""
    routes = Blueprint(
        "console",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/console/static",
    )
    areas = (add_overview, add_jobs, add_job, add_job_verbs, add_bulk, add_bulk_runs, add_workers, add_maintenance)
    for add in (*areas, add_kinds, add_new_job):
        add(routes, parts)
    for family in parts.families.values():
        for add_pages in family.pages:
            add_pages(routes)
    add_signing_in(routes, parts.identify)
    routes.before_request(lambda: protect.protect() if request.method == "POST" else None)
    routes.record_once(lambda state: let_anyone_read(state.app, "console.static"))
    return routes
