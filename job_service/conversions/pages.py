"""The console's page of the converters: how many jobs each source has, by state."""

from flask import Blueprint, render_template

from job_service.conversions.adapter import Conversions
from job_service.web.access import Role, allows
from job_service.web.pages import page

#: Where a branch's number leads: to the list of jobs in these states.
_STATES = {"available": "queued", "active": "running", "done": "completed,failed,cancelled,quarantined"}


def add_sources(routes: Blueprint, conversions: Conversions) -> None:
    """Add the page."""

    @routes.get("/console/conversions", endpoint="conversions")
    @allows(Role.VIEW)
    @page
    def page_of_sources() -> str:
        return render_template("conversions/sources.html", tree=conversions.counts(), states=_STATES)
