"""What a page's form asks for is done once, however often it is sent; filled in anew, it asks for something else."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from job_service.lifecycle.errors import Conflict, Invalid
from job_service.mongo.keys.once import Once
from tests.api.asking import path_of, submitted
from tests.api.transfers import listed, submit
from tests.console_world import HTML

PROGRAM = {"uid": "1", "code": "print(1)", "inputt": "{}"}


def hidden(page):
    """Give the fields that every form of a page carries."""
    found = {name: re.findall(rf'name="{name}"[^>]*value="([^"]+)"', page.text) for name in ("csrf_token", "once")}
    return {name: values[-1] for name, values in found.items()}


def press_twice(http, page, path, **fields):
    """Send one form of a page twice at the same time; give both answers."""
    shown = http.application.test_client().get(page, headers=HTML)
    data = {**hidden(shown), **fields}
    headers = {**HTML, "Cookie": shown.headers["Set-Cookie"].partition(";")[0]}

    def send(_):
        return http.application.test_client(use_cookies=False).post(path, data=data, headers=headers)

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(send, range(2)))


def ended(http, kind):
    [held] = http.post("/claims", json={"kind": kind, "worker": "w"}).json["claims"]
    assert http.patch(path_of(held), json={"status": "failed"}).status_code == 200
    return held["job"]["jobId"]


def ended_of_each_kind(http):
    """Yield the id of an ended job of each kind."""
    submitted(http, "AGE")
    yield ended(http, "dataset")
    http.post("/job/available/lab", json={"x": 1})
    yield ended(http, "conversion")
    http.post("/api/job", json={"Name": "a", "Options": {"codec": "h264"}})
    yield ended(http, "transcoding")
    http.post("/code-jobs", json={"uid": 1, "code": "1"})
    yield ended(http, "code")
    submit(http, "list")
    listed(http, {"~/tree": []})
    yield next(job["jobId"] for job in http.get("/jobs?kind=transfer").json if "parentId" not in job)


def count(http):
    return len(http.get("/jobs?kind=all").json)


def test_retry_pressed_twice_makes_one_job_of_every_kind(http):
    for job_id in ended_of_each_kind(http):
        before = {job["jobId"] for job in http.get("/jobs?kind=all").json}
        first, second = press_twice(http, f"/console/jobs/{job_id}", f"/console/jobs/{job_id}/retry")
        assert (first.status_code, first.location) == (303, second.location)
        again = [
            job["jobId"]
            for job in http.get("/jobs?kind=all").json
            if job["jobId"] not in before and "parentId" not in job
        ]
        assert [first.location.rpartition("/")[2]] == again


def test_retry_of_a_page_that_was_loaded_again_makes_another_job(http):
    http.post("/code-jobs", json={"uid": 1, "code": "1"})
    job_id = ended(http, "code")
    for made in (2, 3):
        press_twice(http, f"/console/jobs/{job_id}", f"/console/jobs/{job_id}/retry")
        assert count(http) == made


def test_run_again_pressed_twice_makes_one_job(http):
    http.post("/code-jobs", json={"uid": 1, "code": "1"})
    ended(http, "code")
    answers = press_twice(http, "/jobs/1", "/jobs/1/again")
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, "/jobs/2")] * 2
    assert count(http) == 2


def test_a_program_sent_twice_is_added_once_and_its_page_can_be_loaded_again(http):
    answers = press_twice(http, "/jobs/", "/jobs/", **PROGRAM)
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, "/jobs/?added=1")] * 2
    [held] = http.post("/claims", json={"kind": "code", "worker": "w"}).json["claims"]
    http.patch(path_of(held), json={"status": "completed", "result": "1\n"})
    for headers in (HTML, HTML, {}):
        page = http.get("/jobs/?added=1", headers=headers)
        assert "Adicionado com sucesso! (Added, and done.) ID: 1" in page.text
    assert count(http) == 1
    assert http.get("/jobs/?added=2", headers=HTML).status_code == 404
    assert http.get("/jobs/?added=x", headers=HTML).status_code == 400


def test_a_program_that_is_changed_or_has_no_word_is_another_one(http):
    fields = hidden(http.get("/jobs/", headers=HTML))
    bare = {"csrf_token": fields["csrf_token"], **PROGRAM}
    sendings = [{**fields, **PROGRAM}, {**fields, **PROGRAM, "code": "print(2)"}, bare, bare, {**fields, **PROGRAM}]
    led_to = [http.post("/jobs/", data=data, headers=HTML).location for data in sendings]
    assert led_to == [f"/jobs/?added={number}" for number in (1, 2, 3, 4, 1)]


def test_a_program_that_was_refused_can_be_sent_again(http):
    fields = {**hidden(http.get("/jobs/", headers=HTML)), **PROGRAM}
    for _ in range(2):
        assert http.post("/jobs/", data={**fields, "code": "none.py"}, headers=HTML).status_code == 400
    assert http.post("/jobs/", data=fields, headers=HTML).location == "/jobs/?added=1"


def test_a_bulk_run_started_twice_is_one(http, store):
    submitted(http, "AGE", "SEX")
    asked = {"action": "cancel", "scope": "all", "query": "kind=dataset"}
    first, second = press_twice(http, "/console/maintenance", "/console/bulk/start", **asked)
    assert (first.status_code, first.location) == (303, second.location)
    assert store.collections.bulk_runs.count_documents({}) == 1
    for thread in threading.enumerate():
        if thread.name.startswith("bulk-"):
            thread.join(timeout=30)


def test_maintenance_set_twice_is_one_entry_of_the_history(http):
    press_twice(http, "/console/maintenance", "/console/maintenance/on", msg="We upgrade")
    assert [entry["msg"] for entry in http.get("/maintenance-history").json] == ["We upgrade"]
    press_twice(http, "/console/maintenance", "/console/maintenance/off")
    assert len(http.get("/maintenance-history").json) == 2


@pytest.fixture
def once(store):
    return Once(store.idempotency, store.context.clock)


class TestOnce:
    def test_what_was_refused_is_tried_again(self, once):
        def refuse():
            raise Invalid("no")

        with pytest.raises(Invalid):
            once.do("key", refuse)
        assert once.do("key", lambda: "made") == "made"
        assert once.do("key", refuse) == "made"

    def test_what_is_under_way_is_awaited(self, once):
        begun, go_on = threading.Event(), threading.Event()

        def make():
            begun.set()
            assert go_on.wait(10)
            return "made"

        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(once.do, "key", make)
            assert begun.wait(10)
            second = threads.submit(once.do, "key", lambda: "made again")
            go_on.set()
            assert (first.result(), second.result()) == ("made", "made")

    def test_what_never_came_to_its_end_is_not_done_again(self, once):
        def break_down():
            raise RuntimeError("no power")

        with pytest.raises(RuntimeError):
            once.do("key", break_down)
        with pytest.raises(Conflict, match="not known"):
            once.do("key", lambda: "made", patience=0)
