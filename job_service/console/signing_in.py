"""Signing in by a token, which the browser's session keeps."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField
from wtforms.validators import DataRequired, Length

from job_service.web.access import SESSION_TOKEN, Caller, Role, allows
from job_service.web.addresses import way_back
from job_service.web.pages import page
from job_service.web.requests import query_field

_REFUSED = 401


class TokenForm(FlaskForm):
    """The form of the sign-in page."""

    token = PasswordField("Token", [DataRequired(), Length(max=4_000)], render_kw={"autocomplete": "current-password"})
    back = HiddenField()


def add_signing_in(routes: Blueprint, identify: Callable[[str], Caller | None]) -> None:
    """Add the pages that sign in and out."""

    @routes.route("/console/login", methods=["GET", "POST"])
    @allows(Role.ANYONE)
    @page
    def sign_in() -> Any:
        form = TokenForm(back=query_field("back"))
        if not form.validate_on_submit():
            return render_template("sign_in.html", form=form)
        token = form.token.data.strip()
        found = identify(token)
        if found is None:
            form.token.errors = ["This token is not known here, or it is over."]
            return render_template("sign_in.html", form=form), _REFUSED
        session.clear()
        session.update({SESSION_TOKEN: token, "name": found.name})
        flash(f"Signed in as {found.name}.", "success")
        return redirect(way_back(form.back.data) or url_for("console.overview"), 303)

    @routes.post("/console/logout")
    @allows(Role.ANYONE)
    @page
    def sign_out() -> Response:
        session.clear()
        return redirect(url_for("console.sign_in"), 303)
