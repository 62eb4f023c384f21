"""Kinds at two instances of two processes each: what is defined at one counts at the other, and for every submitter."""

import threading
import time
from itertools import chain, cycle

import pytest

from tests.system.instances import Caller, Instance, at_once, url_of
from tests.system.serving.waiting import until

RACERS, REVISIONS = 64, 12


@pytest.fixture
def two(mongod_url, new_database):
    url = url_of(mongod_url, new_database)
    with Instance(url) as first, Instance(url) as second:
        yield first, second


def define(caller, name, definition):
    status, body, _ = caller.ask("PUT", f"/kinds/{name}", definition)
    assert status in {200, 201}, body
    return body["revision"]


def submit(caller, name, *parameters):
    """Give the status, and what became of each job."""
    status, body, _ = caller.post(f"/kinds/{name}/jobs", {"jobs": [{"parameters": each} for each in parameters]})
    return status, [result["status"] for result in body.get("results", [])]


def test_a_kind_made_at_one_instance_is_taken_at_once_by_the_other_also_after_it_was_unknown_there(two):
    # Four connections each, so that both processes of an instance are asked.
    ways = [[Caller(instance) for _ in range(4)] for instance in two]
    for number in range(200):
        name = f"kind-{number}"
        making, using = (side[number // 2 % 4] for side in ways[:: 1 if number % 2 else -1])
        assert submit(using, name, {})[0] == 404
        assert using.post("/claims", {"kind": name, "worker": "w"})[0] == 400
        define(making, name, {})
        assert submit(using, name, *[{}] * 10) == (200, ["CREATED"] * 10)
        assert len(using.claim(kind=name, limit=10)) == 10


def test_a_kind_changed_at_one_instance_has_changed_at_the_other_within_a_second(two):
    changing, others = Caller(two[0]), [Caller(two[1]) for _ in range(4)]
    for number in range(10):
        define(changing, "changing", {"parameters": {"properties": {"n": {"const": number}}}})
        changed = time.monotonic()
        for other in others:
            until(lambda other=other, n=number: submit(other, "changing", {"n": n}) == (200, ["CREATED"]))
        assert time.monotonic() - changed < 1
        assert submit(others[0], "changing", {"n": number - 1}) == (200, ["FAILED"])


def test_every_job_carries_the_revision_that_checked_it_while_the_schema_changes(two, new_database):
    over, jobs, changing = threading.Event(), new_database["inprogress"], Caller(two[0])
    # Each revision takes the jobs that name it, so that exactly one of these is made each time.
    asked = [{"revision": revision} for revision in range(1, REVISIONS + 1)]

    def keep_submitting(client):
        caller, answers = Caller(two[client % 2]), []
        while not over.is_set():
            answers.append(submit(caller, "moving", *asked))
        return answers

    def change(revision):
        schema = {"properties": {"revision": {"const": revision}}}
        assert define(changing, "moving", {"parameters": schema}) == revision

    def change_all(_):
        try:
            for revision in range(2, REVISIONS + 1):
                change(revision)
                until(lambda revision=revision: jobs.count_documents({"kindRevision": revision}) >= 8)
        finally:
            over.set()
        return []

    change(1)
    work = [*[keep_submitting] * 8, change_all]
    answers = list(chain(*at_once(len(work), lambda number: work[number](number))))
    assert {(status, made.count("CREATED"), len(made)) for status, made in answers} == {(200, 1, REVISIONS)}
    stored = [(job["kindRevision"], job["parameters"]["revision"]) for job in jobs.find()]
    assert len(stored) == len(answers)
    assert {carried for carried, _ in stored} == {*range(1, REVISIONS + 1)}
    assert [pair for pair in stored if pair[0] != pair[1]] == []


def test_of_64_racing_submitters_of_a_unique_value_one_makes_a_job(two, new_database):
    define(Caller(two[0]), "single", {"unique": "/value"})
    start, callers = threading.Barrier(RACERS), [Caller(two[number % 2]) for number in range(RACERS)]

    def race(number, value):
        callers[number].get("/health/alive")
        start.wait(60)
        return submit(callers[number], "single", {"value": value})

    for turn in range(3):
        equal = [turn, {"a": 2, "b": None}], [float(turn), {"b": None, "a": 2.0}]
        outcomes = at_once(RACERS, lambda number, equal=equal: race(number, equal[number // 2 % 2]))
        assert sorted(made for _, [made] in outcomes) == ["CREATED", *["FAILED"] * (RACERS - 1)]
        assert new_database["inprogress"].count_documents({}) == turn + 1


def test_of_64_racing_submitters_of_a_dataset_one_makes_a_job_by_whichever_route(two, new_database):
    start, item = threading.Barrier(RACERS), {"operation": "ADD", "target": "AGE"}
    routes = cycle([("/jobs", {"jobs": [item]}), ("/kinds/dataset/jobs", {"jobs": [{"parameters": item}]})])
    ways = [next(routes) for _ in range(RACERS)]

    def race(number):
        caller = Caller(two[number // 2 % 2])
        caller.get("/health/alive")
        start.wait(60)
        status, body, _ = caller.post(*ways[number])
        assert status == 200, body
        return body[0] if isinstance(body, list) else body["results"][0]

    outcomes = at_once(RACERS, race)
    assert sorted(made["status"] for made in outcomes) == ["CREATED", *["FAILED"] * (RACERS - 1)]
    assert {made.get("code") for made in outcomes} == {None, "target-busy"}
    assert new_database["inprogress"].count_documents({"datasetName": "AGE"}) == 1
