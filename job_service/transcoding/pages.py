"""The console's page of the encoders: their profiles and options."""

from flask import Blueprint, render_template

from job_service.transcoding.profiles import ProfileBook
from job_service.web.access import Role, allows
from job_service.web.pages import page


def add_profiles(routes: Blueprint, book: ProfileBook) -> None:
    """Add the page."""

    @routes.get("/console/transcoding")
    @allows(Role.VIEW)
    @page
    def transcoding() -> str:
        profiles = [{**profile, "options": book.options_of(str(profile["id"]))} for profile in book.all()]
        return render_template("transcoding/profiles.html", profiles=profiles, options=book.options())
