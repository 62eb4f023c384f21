"""The kinds of job: their list, a page of each, and a form there for one new job."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from job_service.console.kind_words import groups_of, rules_of
from job_service.console.new_job import item_of, new_job_form, submitted
from job_service.console.parts import ConsoleParts
from job_service.kinds.outline import outline
from job_service.lifecycle.definition import shown
from job_service.lifecycle.errors import Conflict, Invalid, NotFound
from job_service.lifecycle.faults import Fault
from job_service.lifecycle.job import State
from job_service.lifecycle.kind import Kind
from job_service.web.access import Role, allows, caller
from job_service.web.forms import form_key
from job_service.web.pages import page
from job_service.web.requests import query_field, query_integer

_ROWS = 50
_MOST_PAGES = 1_000
_SCHEMAS = (("parameters", "Parameters"), ("result", "Result"))


def add_kinds(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the list of kinds and the page of one."""

    @routes.get("/console/kinds")
    @allows(Role.VIEW)
    @page
    def kinds() -> str:
        part = (query_field("name") or "").strip().lower()[:64]
        number = query_integer("page", 1, _MOST_PAGES, 1) or 1
        known, families = parts.store.context.kinds.refreshed().kinds, parts.store.context.kinds.families
        names = [name for name in sorted(known, key=lambda name: (name not in families, name)) if part in name]
        some = names[(number - 1) * _ROWS : number * _ROWS]
        return render_template(
            "kinds.html",
            kinds=[known[name] for name in some],
            counts=parts.store.counters.counts(),
            part=part,
            count=len(names),
            first=(number - 1) * _ROWS + 1,
            before=number - 1,
            after=number + 1 if number * _ROWS < len(names) else None,
        )

    @routes.get("/console/kinds/<name>")
    @allows(Role.VIEW)
    @page
    def kind(name: str) -> str:
        return _page_of(parts, _found(parts, name))


def add_new_job(routes: Blueprint, parts: ConsoleParts) -> None:
    """Add the route of the form on a kind's page."""

    @routes.post("/console/kinds/<name>/jobs")
    @allows(Role.SUBMIT)
    @page
    def submit_job(name: str) -> Any:
        kind = _found(parts, name)
        if not kind.own:
            raise Conflict(f"Jobs of the kind {name} are submitted by an API of their own")
        try:
            item = item_of(kind, request.form)
            job_id = parts.once.do(form_key(), lambda: submitted(parts.submitting, kind, item))
        except Invalid as error:
            faults = error.faults or [{"loc": [], "msg": error.message}]
            return _page_of(parts, kind, request.form, faults), 400
        except Conflict as error:
            return _page_of(parts, kind, request.form, [{"loc": [], "msg": error.message}]), 409
        flash(f"This is the new {name} job.", "success")
        return redirect(url_for("console.job", job_id=job_id), 303)


def _found(parts: ConsoleParts, name: str) -> Kind:
    kind = parts.store.context.kinds.named(name)
    if kind is None:
        raise NotFound(f"There is no kind {name[:64]}. Jobs of a deleted one stay in the list of jobs.")
    return kind


def _page_of(
    parts: ConsoleParts, kind: Kind, typed: Mapping[str, str] | None = None, faults: Sequence[Fault] = ()
) -> str:
    takes = kind.own and not kind.closed and Role.SUBMIT in caller().roles
    return render_template(
        "kind.html",
        kind=kind,
        figures=parts.store.stats.of_kind(kind.name),
        states=list(State),
        workers=len({seen["worker"] for seen in parts.store.workers.live() if seen["kind"] == kind.name}),
        rules=list(rules_of(kind, parts.store.context.policy)),
        groups=list(groups_of(kind)),
        schemas=[
            (title, outline(kind.definition[field]), kind.definition[field])
            for field, title in _SCHEMAS
            if field in kind.definition
        ],
        document=shown(kind),
        form=new_job_form(kind, typed, faults) if takes else None,
    )
