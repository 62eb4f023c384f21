import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import quote
from uuid import uuid4

import pytest

from job_service.conversions.document import CONVERSION
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.verbs.queues import claim_order, may_start

DAY = 86_400
DOCUMENT = {
    "storageRoot": "gs://bucket",
    "storagePath": "/tmp",
    "storageVersion": 42,
    "topic": "data",
    "initialPosition": "LAST",
}
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def submit(http, source="altinn3", job_id=None, **document):
    path = f"/job/available/{source}" + (f"/{job_id}" if job_id else "")
    answer = http.post(path, json=document or DOCUMENT)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def taken(http, source=None):
    answer = http.get(f"/job/available/{source}" if source else "/job/available")
    return answer.json["id"] if answer.status_code == 200 else None


def is_active(http, job_id, source="altinn3"):
    return http.head(f"/job/active/{source}/{job_id}").status_code == 200


def pause(http, paused=1):
    assert http.post("/maintenance-status", json={"msg": "upgrade", "pause": paused}).status_code == 200


def test_a_job_submitted_without_an_id_gets_a_ulid_and_a_place(http):
    answer = http.post("/job/available/altinn3", json=DOCUMENT)
    assert answer.status_code == 201
    job_id = answer.json["id"]
    assert ULID.fullmatch(job_id)
    assert answer.json == {"id": job_id, "source": "altinn3", "job": DOCUMENT}
    assert answer.headers["Location"] == f"/job/available/altinn3/{job_id}"
    assert http.get(answer.headers["Location"]).json == answer.json


@pytest.mark.parametrize("job_id", ["e80b99fd-1dc6-40e9-9719-77b0fbab768b", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_a_job_keeps_the_id_it_was_submitted_with(http, job_id):
    assert submit(http, job_id=job_id) == job_id
    assert taken(http) == job_id


@pytest.mark.parametrize("job_id", ["1", "no-uuid", "e80b99fd1dc640e9971977b0fbab768b", "8" + "0" * 25, "I" * 26])
def test_an_id_that_is_neither_ulid_nor_uuid_is_refused(http, job_id):
    answer = http.post(f"/job/available/altinn3/{job_id}", json=DOCUMENT)
    assert answer.status_code == 400
    assert "id: must be a ULID or a UUID" in answer.json["message"]


SOURCES = [
    "Åland",
    "A\u030aland",
    "映像\u3000第1話",
    "9.41.00\u202fAM",
    "-x",
    " a b ",
    "50%",
    "a%2Fb",
    "a?b#c",
    "a;b,c&d=e+f",
    "...",
    "active",
    "$x.y",
    "<b>&amp;\"'",
    "x" * 200,
    "é" * 200,
]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_is_any_text_of_one_segment_in_every_route(http, source):
    segment = quote(source, safe="")
    made = http.post(f"/job/available/{segment}", json=DOCUMENT)
    assert (made.status_code, made.json["source"]) == (201, source)
    assert made.headers["Location"].isascii()
    assert http.get(made.headers["Location"]).json == made.json
    assert http.get("/job").json["available"] == {source: 1}
    assert http.get(f"/job/available/{segment}").json == made.json
    active = f"/job/active/{segment}/{made.json['id']}"
    assert (http.head(active).status_code, http.get(active).json) == (200, made.json)
    assert http.post(f"/job/done/{segment}/{made.json['id']}").status_code == 200
    submit(http, segment, job_id=str(uuid4()))
    asked = {"kind": "conversion", "worker": "w", "where": {"source": source}}
    [held] = http.post("/claims", json=asked).json["claims"]
    assert held["job"]["parameters"]["source"] == source
    assert http.get("/job/active").json == {source: 1}
    page = http.get(f"/job/done/{segment}?limit=1")
    assert page.json == [made.json]
    assert http.get(page.headers["Link"].partition(">")[0].lstrip("<")).json == []


@pytest.mark.parametrize("source", SOURCES)
def test_the_console_leads_to_the_jobs_of_a_source_of_any_name(http, source):
    job_id = submit(http, quote(source, safe=""))
    link = re.search(r'href="([^"]*source=[^"]*)"', http.get("/console/conversions").text)
    assert link
    assert job_id in http.get(unescape(link[1])).text


@pytest.mark.parametrize("source", [".", "..", "%2E%2E", "a%00b", "a%0Ab", "a%C2%85b", "%7F", "x" * 201])
def test_a_source_that_is_no_segment_is_refused(http, source):
    answer = http.post(f"/job/available/{source}", json=DOCUMENT)
    assert (answer.status_code, answer.json["message"].partition(":")[0]) == (400, "source")


@pytest.mark.parametrize("source", ["a%2Fb", "", "%2F"])
def test_a_slash_ends_a_source(http, source):
    assert http.post(f"/job/available/{source}", json=DOCUMENT).status_code in {400, 404, 405, 308}
    assert http.get("/job").json["available"] == {}


@pytest.mark.parametrize(("body", "status"), [("[]", 400), ("nonsense", 400), ('{"a":1,"a":2}', 400)])
def test_a_body_that_is_no_object_is_refused(http, body, status):
    answer = http.post("/job/available/altinn3", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json["message"]


def test_a_body_that_is_no_json_by_its_type_is_refused(http):
    assert http.post("/job/available/altinn3", data="a=1").status_code == 415


def test_an_id_is_taken_for_good(http, store):
    job_id = submit(http, job_id=str(uuid4()))
    path = f"/job/available/freg/{job_id.upper()}"
    assert http.post(path, json=DOCUMENT).status_code == 409
    taken(http)
    assert http.post(path, json=DOCUMENT).status_code == 409
    http.post(f"/job/done/altinn3/{job_id}")
    store.sweeper.sweep()
    assert store.collections.inprogress.count_documents({}) == 0
    answer = http.post(path, json=DOCUMENT)
    assert answer.status_code == 409
    assert job_id in answer.json["message"]
    assert store.collections.inprogress.count_documents({}) == 0


def test_the_oldest_id_of_any_source_or_of_one_is_handed_out(http):
    first, second, third = submit(http, "sirius"), submit(http, "freg"), submit(http, "sirius")
    oldest = submit(http, "freg", job_id="0" * 26)
    answer = http.get("/job/available/sirius")
    assert answer.json == {"id": first, "source": "sirius", "job": DOCUMENT}
    assert answer.headers["Cache-Control"] == "no-store"
    assert [taken(http), taken(http), taken(http), taken(http)] == [oldest, second, third, None]


def test_nothing_available_is_not_found(http):
    submit(http, "sirius")
    answer = http.get("/job/available/freg")
    assert answer.status_code == 404
    assert answer.json["message"] == "There is no available job"
    assert "Retry-After" not in answer.headers


def test_to_read_an_available_job_does_not_take_it(http):
    job_id = submit(http)
    for _ in range(2):
        assert http.get(f"/job/available/altinn3/{job_id}").json["job"] == DOCUMENT
    assert http.get(f"/job/available/freg/{job_id}").status_code == 404
    assert taken(http) == job_id
    assert http.get(f"/job/available/altinn3/{job_id}").status_code == 404


def test_a_job_is_active_until_it_is_done(http):
    job_id = submit(http)
    assert not is_active(http, job_id)
    taken(http)
    assert is_active(http, job_id)
    assert not is_active(http, job_id, "freg")
    assert http.post(f"/job/done/altinn3/{job_id}").status_code == 200
    assert not is_active(http, job_id)
    assert http.post(f"/job/done/altinn3/{job_id}").status_code == 404


def test_an_available_job_can_be_done_and_is_then_not_handed_out(http):
    job_id = submit(http)
    assert http.post(f"/job/done/freg/{job_id}").status_code == 404
    assert http.post(f"/job/done/altinn3/{job_id}").status_code == 200
    assert taken(http) is None


@pytest.mark.parametrize("method", ["get", "post", "head"])
@pytest.mark.parametrize("job_id", ["nonsense", "e80b99fd-1dc6-40e9-9719-77b0fbab768b", "x" * 5_000, "%00"])
def test_no_such_job_is_not_found(http, method, job_id):
    branch = {"get": "available", "post": "done", "head": "active"}[method]
    assert getattr(http, method)(f"/job/{branch}/altinn3/{job_id}").status_code == 404


def test_a_job_of_another_kind_is_no_conversion(http):
    job_id = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": "AGE"}]}).json[0]["job_id"]
    assert http.get(f"/job/available/AGE/{job_id}").status_code == 404
    assert http.post(f"/job/done/AGE/{job_id}").status_code == 404
    assert http.post(f"/job/available/altinn3/{job_id}", json=DOCUMENT).status_code == 409


@pytest.mark.parametrize("path", ["/job/available", "/job/available/altinn3"])
def test_a_head_claims_nothing(http, path):
    submit(http)
    answer = http.head(path)
    assert answer.status_code == 405
    assert "HEAD" not in answer.headers["Allow"]
    assert taken(http)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Purpose": "prefetch"}])
def test_a_request_that_is_not_meant_claims_nothing(http, headers):
    submit(http)
    assert http.get("/job/available", headers=headers).status_code == 403
    assert taken(http)


def test_while_paused_nothing_is_available_and_everything_else_goes_on(http):
    running = submit(http)
    taken(http)
    waiting = submit(http)
    pause(http)
    answer = http.get("/job/available")
    assert (answer.status_code, answer.headers["Retry-After"]) == (404, "5")
    assert is_active(http, running)
    assert http.get(f"/job/available/altinn3/{waiting}").status_code == 200
    assert http.post(f"/job/done/altinn3/{running}").status_code == 200
    pause(http, 0)
    assert taken(http) == waiting


def test_a_job_whose_converter_died_comes_back_although_it_never_heard_of_leases(http, clock):
    job_id = submit(http)
    taken(http)
    clock.advance(DAY - 1)
    assert taken(http) is None
    clock.advance(2)
    assert taken(http) == job_id


def test_a_converter_that_asks_keeps_its_job_as_long_as_it_may_run(http, clock):
    http.patch("/kinds/conversion", json={"maxRunSeconds": 30 * DAY})
    job_id = submit(http)
    taken(http)
    for _ in range(3):
        clock.advance(DAY - 1)
        assert is_active(http, job_id)
        assert taken(http) is None


def test_a_lease_that_has_run_out_leaves_the_job_active_until_somebody_else_gets_it(http, clock):
    job_id = submit(http)
    taken(http)
    clock.advance(DAY + 1)
    assert http.get("/job/active").json == {"altinn3": 1}
    assert is_active(http, job_id)
    assert taken(http) is None


def test_a_look_at_an_active_job_does_not_keep_it(http, clock):
    job_id = submit(http)
    taken(http)
    clock.advance(DAY - 1)
    assert http.get(f"/job/active/altinn3/{job_id}").json == {"id": job_id, "source": "altinn3", "job": DOCUMENT}
    clock.advance(2)
    assert taken(http) == job_id


def test_a_job_that_an_operator_cancels_is_not_active_for_its_converter(http):
    job_id = submit(http)
    taken(http)
    http.post(f"/jobs/{job_id}/cancel")
    assert not is_active(http, job_id)
    assert http.get(f"/job/done/altinn3/{job_id}").json["state"] == "cancelled"


def test_a_worker_with_claims_hears_that_its_job_was_ended(http):
    job_id = submit(http, "sirius")
    asked = {"kind": "conversion", "worker": "w", "where": {"source": "sirius"}}
    [held] = http.post("/claims", json=asked).json["claims"]
    assert held["job"]["parameters"] == {"source": "sirius", "document": DOCUMENT}
    assert http.post(f"/job/done/sirius/{job_id}").status_code == 200
    beat = http.patch(f"/claims/{held['claimId']}/jobs/{job_id}", json={})
    assert (beat.status_code, beat.json["code"]) == (409, "already-finished")
    assert http.head(f"/job/active/sirius/{job_id}").status_code == 404


def test_workers_with_claims_get_the_oldest_id_of_their_source(http):
    submit(http, "freg")
    ids = [submit(http, "sirius") for _ in range(3)]
    asked = {"kind": "conversion", "worker": "w", "limit": 2, "where": {"source": "sirius"}}
    held = http.post("/claims", json=asked).json["claims"]
    assert [each["job"]["jobId"] for each in held] == ids[:2]


def test_a_document_that_is_tried_anew_takes_its_turn_behind_those_that_wait(http):
    ended, waiting = submit(http), submit(http)
    http.post(f"/jobs/{ended}/cancel")
    answer = http.post(f"/jobs/{ended}/retry")
    assert answer.status_code == 201
    assert ULID.fullmatch(answer.json["jobId"])
    assert answer.json["retriedFrom"] == ended
    assert http.get(f"/job/available/altinn3/{answer.json['jobId']}").json["job"] == DOCUMENT
    assert [taken(http), taken(http)] == [waiting, answer.json["jobId"]]


def test_the_tree_counts_by_branch_and_source(http, store):
    submit(http, "freg")
    submit(http, "freg")
    submit(http, "sirius")
    done = taken(http, "freg")
    http.post(f"/job/done/freg/{done}")
    taken(http, "sirius")
    expected = {
        "available": {"freg": 1, "sirius": 0},
        "active": {"freg": 0, "sirius": 1},
        "done": {"freg": 1, "sirius": 0},
    }
    assert http.get("/job").json == expected
    store.sweeper.sweep()
    assert http.get("/job").json == expected
    assert http.get("/job/active").json == expected["active"]
    assert http.get("/job/done").json == expected["done"]
    assert [job["id"] for job in http.get("/job/done/freg").json] == [done]
    assert http.get(f"/job/done/freg/{done}").json == {"id": done, "source": "freg", "job": DOCUMENT}
    assert http.get(f"/job/done/sirius/{done}").status_code == 404
    assert http.get("/job/active/nobody").json == []


def test_an_empty_tree_has_its_branches(http):
    assert http.get("/job").json == {"available": {}, "active": {}, "done": {}}


def test_a_branch_is_read_page_by_page(http, store):
    ids = [submit(http) for _ in range(5)]
    while taken(http):
        pass
    for job_id in ids[:2]:
        http.post(f"/job/done/altinn3/{job_id}")
    found, path = [], "/job/active/altinn3?limit=2"
    while path:
        answer = http.get(path)
        found += [job["id"] for job in answer.json]
        link = answer.headers.get("Link", "")
        path = link.partition("<")[2].partition(">")[0]
    assert found == ids[:1:-1]
    assert [job["id"] for job in http.get("/job/done/altinn3").json] == ids[1::-1]


def test_the_counts_and_the_claim_are_served_by_indexes(http, store):
    for source in ["freg"] * 30 + ["altinn3"]:
        submit(http, source)
    collection = store.collections.inprogress
    claim = may_start(CONVERSION, Narrowing("conversion", types=("altinn3",)), store.context.clock.now())
    plan = collection.find(claim).sort(claim_order(CONVERSION)).explain()["queryPlanner"]["winningPlan"]
    assert "SORT" not in str(plan)
    assert "queuesById" in str(plan)
    grouped = [{"$match": {"kind": "conversion"}}, {"$group": {"_id": {"s": "$type", "t": "$state"}}}]
    counts = {"aggregate": "inprogress", "pipeline": grouped, "cursor": {}, "hint": "tree"}
    told = store.database.command("explain", counts)
    assert "FETCH" not in str(told)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"$ref": "#/definitions/x", "$id": "y", "a.b": {"$where": "1", "": None}},
        {"schema": {"$ref": "collection", "$id": 1, "$db": "jobdb", "more": [1.5, True]}},
        {"_id": 1, "$set": {"a": 1}, "ключ": "é\u0000"},
    ],
)
def test_a_document_comes_back_as_it_was_sent(http, store, document):
    job_id = http.post("/job/available/altinn3", json=document).json["id"]
    assert http.get(f"/job/available/altinn3/{job_id}").json["job"] == document
    [held] = http.post("/claims", json={"kind": "conversion", "worker": "w"}).json["claims"]
    assert held["job"]["parameters"]["document"] == document
    http.post(f"/job/done/altinn3/{job_id}")
    store.sweeper.sweep()
    assert http.get(f"/job/done/altinn3/{job_id}").json["job"] == document


def test_100_converters_at_once_get_40_jobs_once_each_the_oldest_first(app, http):
    ids = [submit(http, f"source{place % 4}") for place in range(40)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: app.test_client().get("/job/available"), range(100)))
    got = [answer.json["id"] for answer in answers if answer.status_code == 200]
    assert sorted(got) == ids
    assert [answer.status_code for answer in answers].count(404) == 60


def test_converters_that_meet_get_the_oldest_there_are(app, http):
    ids = [submit(http, f"source{place % 4}") for place in range(40)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: app.test_client().get("/job/available"), range(10)))
    assert sorted(answer.json["id"] for answer in answers) == ids[:10]


def test_an_old_id_that_was_put_back_goes_first_again_and_explain_says_so(http, store):
    first, second = submit(http), submit(http)
    taken(http)
    store.operating.reopen(first)
    http.post("/claims", json={"kind": "conversion", "worker": "w", "where": {"source": "freg"}})
    reasons = http.get(f"/jobs/{second}/explain").json["reasons"]
    assert [(reason["code"], reason.get("ahead")) for reason in reasons][:1] == [("ahead-in-queue", 1)]
    assert http.get(f"/jobs/{first}/explain").json["claimable"]
    assert taken(http) == first
