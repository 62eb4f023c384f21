"""The console's pages of datasets: targets with their jobs, and what waits in the input folder."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from job_service.datasets.adapter import Datasets
from job_service.datasets.importable import valid_dataset_name
from job_service.datasets.input_folder import InputFolder
from job_service.datasets.store import about_target
from job_service.lifecycle.errors import Conflict, Invalid, Unavailable
from job_service.mongo.watching.browsing import Browsing
from job_service.mongo.watching.searches import JobSearch
from job_service.web.access import Role, allows, caller
from job_service.web.pages import page
from job_service.web.requests import query_field

_ROWS = 200
_JOBS = 100


def add_targets(routes: Blueprint, datasets: Datasets, browsing: Browsing) -> None:
    """Add the list of targets and the page of one."""

    @routes.get("/console/targets")
    @allows(Role.VIEW)
    @page
    def targets() -> str:
        part = (query_field("name") or "").strip().upper()[:200]
        found = [target for target in datasets.targets() if part in target["name"].upper()]
        return render_template("datasets/targets.html", targets=found[:_ROWS], count=len(found), part=part)

    @routes.get("/console/targets/<name>")
    @allows(Role.VIEW)
    @page
    def target(name: str) -> str:
        found = browsing.page(JobSearch(subject=about_target(name)), _JOBS)
        return render_template("datasets/target.html", target=datasets.target(name), jobs=found.jobs, more=found.next)


def add_importable(routes: Blueprint, folder: InputFolder) -> None:
    """Add the list of importable datasets, and their deletion with a question before it."""

    def listed() -> list[Any] | None:
        """Return the datasets; None where there is no folder to look in."""
        try:
            return folder.list() if folder.path else None
        except Unavailable:
            return None

    @routes.get("/console/importable")
    @allows(Role.VIEW)
    @page
    def importable() -> str:
        may_operate = Role.OPERATE in caller().roles
        return render_template("datasets/importable.html", datasets=listed(), may_operate=may_operate)

    @routes.get("/console/importable/<name>/delete")
    @allows(Role.OPERATE)
    @page
    def ask_to_delete(name: str) -> str:
        _require_name(name)
        return render_template("datasets/importable_delete.html", name=name)

    @routes.post("/console/importable/<name>/delete")
    @allows(Role.OPERATE)
    @page
    def delete_dataset(name: str) -> Response:
        _require_name(name)
        try:
            flash(f"{name} is deleted." if folder.delete(name) else f"There is no {name} any more.", "success")
        except Conflict as error:
            flash(error.message, "warning")
        return redirect(url_for("console.importable"), 303)


def _require_name(name: str) -> None:
    if not valid_dataset_name(name):
        raise Invalid("This is no name of a dataset: A-Z, 0-9 and _, a letter first")
