"""A family that the service does not have: its value in the tuple is enough for all that goes through every family."""

import pytest
from flask import Blueprint

from job_service import app as composition
from job_service.families import ALL, STORES
from job_service.kinds.dialect import Dialect
from job_service.kinds.family import Family, Link, OpenFamily
from job_service.kinds.users import submitting_user
from job_service.lifecycle.job import NewJob
from job_service.lifecycle.kind import Kind
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.family import FamilyStore
from job_service.mongo.store import open_store
from job_service.web.access import Role, allows
from job_service.web.operations import Section
from tests.console_world import HTML

SIXTH = FamilyStore(kind=Kind(name="sixth"))


def of_parameters(parameters, sender, job_id):
    return NewJob(kind="sixth", parameters=parameters, job_id=job_id, created_by=dict(sender.user))


def open_sixth(base):
    routes = Blueprint("sixth", __name__, url_prefix="/sixth")

    @routes.get("")
    @allows(Role.VIEW)
    def count():
        return {"jobs": base.store.stats.gather()["kinds"]["sixth"]["states"]["queued"]}

    def add_page(console):
        @console.get("/console/sixth")
        @allows(Role.VIEW)
        def sixth():
            return "a page"

    def retry(job, request_id):
        again = base.store.operating.as_new(job["_id"])
        again.parameters = {"again": request_id}
        return base.store.submission.create([again])[0].job

    return OpenFamily(
        blueprints=(routes,),
        dialect=Dialect(submitting_user, of_parameters, base.batches.create),
        retry=retry,
        for_worker=lambda job: {"secret": f"of {job['parameters']['name']}"},
        links=(Link("Sixth", "console.sixth"),),
        pages=(add_page,),
    )


@pytest.fixture
def store(database, clock):
    opened = open_store(database, [*STORES, SIXTH], RetryPolicy(), lambda _: None, clock)
    opened.prepare()
    yield opened
    opened.wakeups.stop()


@pytest.fixture
def app(store, settings, monkeypatch):
    monkeypatch.setattr(composition, "ALL", (*ALL, Family(SIXTH, Section("sixth", "", ()), open_sixth)))
    made = composition.create_app(settings, store)
    yield made
    made.extensions["job_service.drain"]()


def submit(http):
    answer = http.post("/kinds/sixth/jobs", json={"jobs": [{"parameters": {"name": "one"}}]})
    return answer.json["results"][0]["jobId"]


def test_its_jobs_are_submitted_as_those_of_every_kind_and_its_routes_are_there(http):
    submit(http)
    assert http.get("/sixth").json == {"jobs": 1}


def test_the_console_links_to_its_pages(http):
    shown = http.get("/console/jobs", headers=HTML).text
    assert shown.index("Conversions") < shown.index('href="/console/sixth"') < shown.index("Bulk runs")
    assert http.get("/console/sixth").text == "a page"


def test_the_holder_of_a_job_is_shown_what_nobody_else_is(http):
    job_id = submit(http)
    [held] = http.post("/claims", json={"kind": "sixth", "worker": "w"}).json["claims"]
    assert held["job"]["secret"] == "of one"
    assert "secret" not in http.get(f"/jobs/{job_id}").json


def test_its_ended_jobs_are_retried_in_its_own_way(http):
    job_id = submit(http)
    http.post(f"/jobs/{job_id}/cancel")
    again = http.post(f"/jobs/{job_id}/retry", headers={"X-Request-ID": "mine"}).json
    assert again["parameters"] == {"again": "mine"}
