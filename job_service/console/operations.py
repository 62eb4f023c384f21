"""The pages of the workers and of the maintenance flag."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import TextAreaField
from wtforms.validators import Length

from job_service.claims.workers import possible
from job_service.console.parts import ConsoleParts
from job_service.lifecycle.errors import JobServiceError
from job_service.lifecycle.faults import shortened
from job_service.web.access import Role, allows, caller
from job_service.web.forms import form_key
from job_service.web.pages import page

_LONGEST_MESSAGE = 10_000
_HISTORY = 100


class PauseForm(FlaskForm):
    """The form of the flag: the message for claims that are refused meanwhile."""

    msg = TextAreaField("Message for everyone who is refused meanwhile", [Length(max=_LONGEST_MESSAGE)])


def add_workers(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the list of workers."""

    @routes.get("/console/workers")
    @allows(Role.VIEW)
    @page
    def workers() -> str:
        may_operate = Role.OPERATE in caller().roles
        return render_template("workers.html", workers=parts.overseeing.workers(), may_operate=may_operate)

    @routes.post("/console/workers/<any(drain, end_drain):verb>")
    @allows(Role.OPERATE)
    @page
    def drain_worker(verb: str) -> Response:
        worker = request.form.get("worker", "")
        try:
            if verb == "drain":
                parts.store.maintenance.drain(possible(worker), caller().name)
                flash(f"{shortened(worker)} gets no more jobs.", "success")
            else:
                parts.store.maintenance.end_drain(worker)
                flash(f"{shortened(worker)} gets jobs again.", "success")
        except JobServiceError as error:
            flash(error.message, "warning")
        return redirect(url_for("console.workers"), 303)


def add_maintenance(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the page of the flag."""
    flag = parts.store.maintenance

    @routes.get("/console/maintenance")
    @allows(Role.VIEW)
    @page
    def maintenance() -> str:
        return shown(PauseForm())

    @routes.post("/console/maintenance/on")
    @allows(Role.OPERATE)
    @page
    def pause() -> Any:
        form = PauseForm()
        if not form.validate():
            return shown(form), 400
        _set_once(parts, paused=True, msg=(form.msg.data or "").strip())
        flash("Nothing starts from now on.", "warning")
        return redirect(url_for("console.maintenance"), 303)

    @routes.post("/console/maintenance/off")
    @allows(Role.OPERATE)
    @page
    def resume() -> Response:
        _set_once(parts, paused=False, msg="")
        flash("Jobs start again.", "success")
        return redirect(url_for("console.maintenance"), 303)

    def shown(form: PauseForm) -> str:
        running = sum(states.get("running", 0) for states in parts.store.counters.counts().values())
        return render_template(
            "maintenance.html",
            form=form,
            status=flag.status(),
            history=flag.history(_HISTORY),
            running=running,
            may_operate=Role.OPERATE in caller().roles,
        )


def _set_once(parts: ConsoleParts, *, paused: bool, msg: str) -> None:
    """Set the flag with one entry in its history, however often the form is sent."""

    def change() -> str:
        parts.store.maintenance.set(paused=paused, msg=msg, set_by=caller().name)
        return "set"

    parts.once.do(form_key(), change)
