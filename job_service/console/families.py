"""What single families have beside jobs: the encoder's profiles and options, and the converters' sources."""

from flask import Blueprint, render_template

from job_service.console.parts import ConsoleParts
from job_service.web.access import Role, allows
from job_service.web.pages import page


def add_families(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add a page for each of the two."""

    @routes.get("/console/transcoding")
    @allows(Role.VIEW)
    @page
    def transcoding() -> str:
        book = parts.profiles
        profiles = [{**profile, "options": book.options_of(str(profile["id"]))} for profile in book.all()]
        return render_template("transcoding.html", profiles=profiles, options=book.options())

    @routes.get("/console/conversions")
    @allows(Role.VIEW)
    @page
    def conversions() -> str:
        tree = parts.conversions.counts()
        states = {"available": "queued", "active": "running", "done": "completed,failed,cancelled,quarantined"}
        return render_template("conversions.html", tree=tree, states=states)
