"""The start page: what is wrong first, then what flows, then how many of what."""

from typing import Any

from flask import Blueprint, render_template

from job_service.console.parts import Parts
from job_service.web.access import Role, allows
from job_service.web.answers import answer
from job_service.web.pages import page, wants_page


def add_overview(routes: Blueprint, parts: Parts) -> None:
    """Add the start page."""

    @routes.get("/")
    @allows(Role.VIEW)
    @page
    def overview() -> Any:
        return render_template("overview.html") if wants_page() else answer([])
