"""`/kinds`: kinds of job as documents, from their definition to the end of a job."""

import threading

import pytest

from job_service.app import create_app
from job_service.families import STORES
from job_service.lifecycle.retry import RetryPolicy
from job_service.mongo.store import open_store
from job_service.mongo.verbs import kind_changes

SCHEMA = {
    "type": "object",
    "properties": {"url": {"type": "string"}, "width": {"type": "integer", "minimum": 1}},
    "required": ["url"],
}
THUMBNAIL = {"description": "Small pictures", "parameters": SCHEMA, "unique": "/url", "key": "/url"}


def define(http, name="thumbnail", definition=THUMBNAIL, **headers):
    return http.put(f"/kinds/{name}", json=definition, headers=headers)


def submit(http, *items, name="thumbnail", **how):
    return http.post(f"/kinds/{name}/jobs", json={"jobs": list(items)}, **how)


def claim(http, name="thumbnail", **asked):
    return http.post("/claims", json={"kind": name, "worker": "w", **asked}).json["claims"]


def report(http, claimed, **said):
    return http.patch(f"/claims/{claimed['claimId']}/jobs/{claimed['job']['jobId']}", json=said)


def test_a_job_of_a_new_kind_is_submitted_claimed_and_ended_at_once(http):
    assert define(http).status_code == 201
    [result] = submit(http, {"parameters": {"url": "u"}, "labels": {"team": "blue"}}).json["results"]
    assert http.get(f"/jobs/{result['jobId']}/explain").json["claimable"]
    [claimed] = claim(http)
    job = claimed["job"]
    assert (job["jobId"], job["kind"], job["key"], job["labels"]) == (
        result["jobId"],
        "thumbnail",
        "u",
        {"team": "blue"},
    )
    assert report(http, claimed, status="completed", result={"bytes": 9}).status_code == 200
    job = http.get(f"/jobs/{result['jobId']}").json
    assert (job["state"], job["result"], job["kindRevision"]) == ("completed", {"bytes": 9}, 1)
    assert [job["jobId"] for job in http.get("/jobs?kind=thumbnail").json] == [result["jobId"]]


def test_a_kind_is_shown_as_it_was_given_and_the_families_beside_it(http):
    define(http)
    assert http.get("/kinds/thumbnail").json == {"name": "thumbnail", "revision": 1, **THUMBNAIL}
    names = [kind["name"] for kind in http.get("/kinds").json]
    assert names == ["code", "conversion", "dataset", "transcoding", "transfer", "thumbnail"]
    assert http.get("/kinds/dataset").json["family"]


def test_an_equal_definition_changes_nothing_and_another_counts_the_revision_up(http):
    assert (define(http).status_code, define(http).status_code) == (201, 200)
    assert define(http).headers["ETag"] == '"1"'
    changed = define(http, definition={"description": "other"})
    assert (changed.status_code, changed.headers["ETag"], changed.json["revision"]) == (200, '"2"', 2)


def test_a_change_may_demand_the_revision_it_was_made_from(http):
    define(http)
    assert define(http, definition={}, **{"If-Match": '"7"'}).status_code == 412
    assert define(http, definition={}, **{"If-None-Match": "*"}).status_code == 412
    assert define(http, definition={}, **{"If-Match": '"1"'}).status_code == 200
    assert http.get("/kinds/thumbnail", headers={"If-None-Match": '"2"'}).status_code == 304


@pytest.mark.parametrize("name", ["all", "any", "dataset", "Big", "9a", "a" * 65, "a_b"])
def test_a_name_that_no_kind_can_have_is_refused(http, name):
    answer = define(http, name)
    assert (answer.status_code, answer.json["errors"][0]["loc"]) == (400, ["name"])


@pytest.mark.parametrize(
    ("definition", "loc"),
    [
        ({"colour": 1}, ["colour"]),
        ({"parameters": {"$ref": "http://example.com/schema"}}, ["parameters"]),
        ({"parameters": {"type": "nothing"}}, ["parameters", "type"]),
        ({"parameters": {"pattern": "(a+)+$(?=x)"}}, ["parameters", "pattern"]),
        ({"parameters": {"$ref": "#"}}, ["parameters"]),
        ({"unique": "url"}, ["unique"]),
        ({"key": "/a~2"}, ["key"]),
        ({"types": ["a", "a"]}, []),
        ({"leaseSeconds": 1}, ["leaseSeconds"]),
        ({"retry": {"maxAttempts": 0}}, ["retry", "maxAttempts"]),
    ],
)
def test_a_bad_definition_is_refused_with_the_place_and_nothing_is_stored(http, definition, loc):
    answer = define(http, definition=definition)
    assert answer.status_code == 400, answer.text
    assert answer.json["errors"][0]["loc"][: len(loc)] == loc
    assert http.get("/kinds/thumbnail").status_code == 404


def test_a_schema_over_64_kilobytes_is_too_large(http):
    assert define(http, definition={"parameters": {"description": "x" * 65_536}}).status_code == 413


def test_an_item_that_its_schema_refuses_says_where_and_spoils_no_other(http):
    define(http)
    answer = submit(http, {"parameters": {"url": "u", "width": 0}}, {"parameters": {}}, {"parameters": {"url": "v"}})
    bad, empty, good = answer.json["results"]
    assert bad["errors"][0]["loc"] == ["parameters", "width"]
    assert (empty["status"], good["status"]) == ("FAILED", "CREATED")


def test_a_result_that_its_schema_refuses_is_400_and_the_lease_stays(http):
    define(http, definition={"result": {"type": "object", "required": ["bytes"]}})
    submit(http, {})
    [claimed] = claim(http)
    assert report(http, claimed, status="completed", result={}).status_code == 400
    assert report(http, claimed, status="completed", result={"bytes": 1}).status_code == 200


def test_only_one_job_of_a_unique_value_is_alive(http):
    define(http)
    item = {"parameters": {"url": "u"}}
    first, second = submit(http, item, item).json["results"]
    assert (first["status"], second["code"]) == ("CREATED", "target-busy")
    assert first["jobId"] in second["message"]
    [claimed] = claim(http)
    report(http, claimed, status="completed")
    assert submit(http, item).json["results"][0]["status"] == "CREATED"


def test_of_64_racing_submitters_one_makes_the_job_of_a_unique_value(app, http):
    define(http)
    outcomes, start = [], threading.Barrier(64)

    def race():
        client = app.test_client()
        start.wait()
        outcomes.append(submit(client, {"parameters": {"url": "u"}}).json["results"][0]["status"])

    threads = [threading.Thread(target=race) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["CREATED", *["FAILED"] * 63]


def test_a_claim_narrows_by_type_key_and_label(http):
    define(http, definition={"key": "/user"})
    for type_, user, team in [("a", "x", "blue"), ("b", "x", "red"), ("a", "y", "red")]:
        submit(http, {"type": type_, "parameters": {"user": user}, "labels": {"team": team}})
    [of_type] = claim(http, where={"type": "b"})
    [of_key] = claim(http, where={"key": "y"})
    assert (of_type["job"]["type"], of_key["job"]["key"]) == ("b", "y")
    assert claim(http, where={"label": {"team": "red"}}) == []
    [of_label] = claim(http, where={"label": {"team": "blue"}})
    assert of_label["job"]["labels"] == {"team": "blue"}


def test_a_closed_list_of_types_is_closed_for_jobs_and_for_claims(http):
    define(http, definition={"types": ["a", "b"]})
    untyped, wrong, right = submit(http, {}, {"type": "c"}, {"type": "a"}).json["results"]
    assert (untyped["status"], wrong["status"], right["status"]) == ("FAILED", "FAILED", "CREATED")
    asked = {"kind": "thumbnail", "worker": "w", "where": {"type": "c"}}
    assert http.post("/claims", json=asked).status_code == 400
    assert len(claim(http)) == 1


def test_a_kind_sets_its_own_tries_and_length_of_a_lease(http):
    define(http, definition={"retry": {"maxAttempts": 1}, "leaseSeconds": 300})
    submit(http, {})
    [claimed] = claim(http)
    assert report(http, claimed).json["nextHeartbeatSeconds"] == 100
    report(http, claimed, status="failed", retry=True)
    assert http.get(f"/jobs/{claimed['job']['jobId']}").json["state"] == "failed"


def test_the_policy_of_a_family_can_be_set_and_taken_back(http):
    assert http.patch("/kinds/dataset", json={"leaseSeconds": 90}).json["leaseSeconds"] == 90
    assert "leaseSeconds" not in http.patch("/kinds/dataset", json={"leaseSeconds": None}).json
    assert http.patch("/kinds/nothing", json={"leaseSeconds": 90}).status_code == 404
    assert http.patch("/kinds/dataset", json={"types": ["x"]}).status_code == 400


def test_steps_of_a_kind_are_the_statuses_that_its_worker_may_set(http):
    define(http, definition={"steps": ["drawing"]})
    submit(http, {})
    [claimed] = claim(http)
    assert report(http, claimed, status="painting").status_code == 400
    assert report(http, claimed, status="drawing").status_code == 200


def test_a_kind_with_a_job_alive_is_not_deleted_and_its_ended_jobs_stay_readable(http, monkeypatch):
    monkeypatch.setattr(kind_changes, "CLOSING_SECONDS", 0)
    define(http)
    [made] = submit(http, {"parameters": {"url": "u"}}).json["results"]
    assert http.delete("/kinds/thumbnail").status_code == 409
    [claimed] = claim(http)
    report(http, claimed, status="completed")
    assert http.delete("/kinds/thumbnail").status_code == 200
    assert http.get("/kinds/thumbnail").status_code == 404
    assert submit(http, {}).status_code == 404
    assert http.get(f"/jobs/{made['jobId']}").json["state"] == "completed"
    assert define(http).json["revision"] == 2


def test_a_kind_made_at_one_instance_is_known_to_the_other_at_once(settings, database, http):
    store = open_store(database, STORES, RetryPolicy(), lambda _moves: None)
    other = create_app(settings, store).test_client()
    for number in range(50):
        name = f"kind-{number}"
        assert define(http, name, {}).status_code == 201
        assert submit(other, {}, name=name).json["results"][0]["status"] == "CREATED"


def test_every_job_has_the_revision_that_checked_it_while_the_schema_changes(app, http):
    narrow = {"parameters": {"type": "object", "properties": {"n": {"maximum": 5}}}}
    wide = {"parameters": {"type": "object", "properties": {"n": {"maximum": 50}}}}
    define(http, definition=narrow)
    made, stop = [], threading.Event()

    def keep_submitting():
        client = app.test_client()
        while not stop.is_set():
            made.append(submit(client, {"parameters": {"n": 9}}).json["results"][0])

    threads = [threading.Thread(target=keep_submitting) for _ in range(8)]
    for thread in threads:
        thread.start()
    for turn in range(6):
        define(http, definition=wide if turn % 2 == 0 else narrow)
    stop.set()
    for thread in threads:
        thread.join()
    ids = [result["jobId"] for result in made if result["status"] == "CREATED"]
    assert {http.get(f"/jobs/{job_id}").json["kindRevision"] for job_id in ids} <= {2, 4, 6}


@pytest.mark.parametrize("given", ['"1"', '"7", "1"', "*"])
def test_a_change_that_demands_what_there_is_is_made(http, given):
    define(http)
    assert define(http, definition={"key": "/url"}, **{"If-Match": given}).status_code == 200
    assert http.get("/kinds/thumbnail").headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    "header",
    [
        {"If-Match": '"2"'},
        {"If-Match": '"x", "2"'},
        {"If-Match": 'W/"1"'},
        {"If-Match": ""},
        {"If-None-Match": "*"},
    ],
    ids=lambda header: next(iter(header.items())),
)
def test_a_change_that_demands_what_there_is_not_is_412_on_every_route_and_changes_nothing(http, header):
    define(http)
    answers = [define(http, definition={"key": "/url"}, **header)]
    answers.append(http.patch("/kinds/thumbnail", json={"leaseSeconds": 9}, headers=header))
    answers.append(http.delete("/kinds/thumbnail", headers=header))
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(412, "precondition-failed")] * 3
    assert http.get("/kinds/thumbnail").json == {"name": "thumbnail", "revision": 1, **THUMBNAIL}


def test_a_change_of_no_kind_may_demand_that_there_is_one(http):
    assert define(http, **{"If-Match": "*"}).status_code == 412
    assert http.patch("/kinds/thumbnail", json={}).status_code == 404
    assert http.delete("/kinds/thumbnail").status_code == 404


def test_a_change_takes_no_tag_that_must_not_match(http):
    answer = define(http, **{"If-None-Match": '"1"'})
    assert (answer.status_code, answer.json["errors"][0]["loc"]) == (400, ["If-None-Match"])


@pytest.mark.parametrize("given", ['"1"', 'W/"1"', '"0", "1"', "*"])
def test_who_has_the_present_revision_is_told_so_without_a_body(http, given):
    define(http)
    answer = http.get("/kinds/thumbnail", headers={"If-None-Match": given})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"1"')
    define(http, definition={})
    assert http.get("/kinds/thumbnail", headers={"If-None-Match": '"1"'}).status_code == 200


def test_a_family_has_a_revision_of_its_figures_and_no_other_change(http):
    assert http.get("/kinds/code").headers["ETag"] == '"0"'
    changed = http.patch("/kinds/code", json={"retry": {"maxAttempts": 2}}, headers={"If-Match": '"0"'})
    assert (changed.headers["ETag"], changed.json["family"], changed.json["retry"]) == ('"1"', True, {"maxAttempts": 2})
    for answer in (define(http, "code"), http.delete("/kinds/code"), http.patch("/kinds/code", json={"steps": []})):
        assert answer.status_code == 400
    assert http.get("/kinds/code").headers["ETag"] == '"1"'


def test_of_an_object_of_figures_each_is_changed_alone(http):
    define(http, definition={"retry": {"maxAttempts": 2}, "limits": {"running": 3, "startsPerMinute": 9}})
    changes = {"retry": {"backoffSeconds": 1}, "limits": {"running": None, "perKey": {"a.b": 1, "$ref": 2}}}
    changed = http.patch("/kinds/thumbnail", json=changes).json
    assert changed["retry"] == {"maxAttempts": 2, "backoffSeconds": 1}
    assert changed["limits"] == {"startsPerMinute": 9, "perKey": {"a.b": 1, "$ref": 2}}
    changed = http.patch("/kinds/thumbnail", json={"retry": {"maxAttempts": None, "backoffSeconds": None}}).json
    assert "retry" not in changed
    assert "limits" not in http.patch("/kinds/thumbnail", json={"limits": None}).json


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"leaseSeconds": 4}, ["leaseSeconds"]),
        ({"leaseSeconds": 86_401}, ["leaseSeconds"]),
        ({"leaseSeconds": True}, ["leaseSeconds"]),
        ({"retentionDays": 0}, ["retentionDays"]),
        ({"startWithinSeconds": 0}, ["startWithinSeconds"]),
        ({"maxRunSeconds": 0}, ["maxRunSeconds"]),
        ({"limits": {"running": -1}}, ["limits", "running"]),
        ({"limits": {"walking": 1}}, ["limits", "walking"]),
        ({"retry": {"maxAttempts": 0}}, ["retry", "maxAttempts"]),
        ({"retry": {"backoffSeconds": 601}}, ["retry", "backoffSeconds"]),
        ({"description": "no figure"}, ["description"]),
    ],
    ids=str,
)
def test_a_figure_out_of_its_range_is_named_and_nothing_is_changed(http, change, loc):
    define(http, definition={"retry": {"backoffMaxSeconds": 600}})
    answer = http.patch("/kinds/thumbnail", json=change)
    assert (answer.status_code, answer.json["errors"][0]["loc"]) == (400, loc)
    assert http.get("/kinds/thumbnail").json["revision"] == 1


def test_beyond_the_last_kind_there_may_be_it_says_so(http, monkeypatch):
    monkeypatch.setattr(kind_changes, "MOST_KINDS", 1)
    define(http)
    answer = define(http, "second")
    assert (answer.status_code, answer.json["code"]) == (409, "too-many-kinds")


@pytest.mark.parametrize("role", ["view", "work", "submit"])
def test_who_only_looks_works_or_submits_reads_kinds_and_changes_none(http, role):
    admin = {"Authorization": f"Bearer {http.post('/tokens', json={'name': 'a', 'roles': ['admin']}).json['token']}"}
    define(http, **admin)
    made = http.post("/tokens", json={"name": role, "roles": [role]}, headers=admin)
    lesser = {"Authorization": f"Bearer {made.json['token']}"}
    assert http.get("/kinds", headers=lesser).status_code == http.get("/kinds/thumbnail", headers=lesser).status_code
    assert http.get("/kinds/thumbnail", headers=lesser).status_code == 200
    refused = [
        define(http, definition={}, **lesser),
        http.patch("/kinds/thumbnail", json={"leaseSeconds": 9}, headers=lesser),
        http.delete("/kinds/thumbnail", headers=lesser),
    ]
    assert [answer.status_code for answer in refused] == [403] * 3


def test_a_failed_job_waits_as_long_as_its_kind_says(http, store, clock):
    http.patch("/kinds/dataset", json={"retry": {"backoffSeconds": 1_000, "backoffMaxSeconds": 1_000}})
    define(http, definition={"retry": {"backoffSeconds": 0}})
    [quick] = submit(http, {"parameters": {"url": "u"}}).json["results"]
    [slow] = submit(http, {"parameters": {"operation": "ADD", "target": "AGE"}}, name="dataset").json["results"]
    for name in ("thumbnail", "dataset"):
        [claimed] = claim(http, name)
        report(http, claimed, status="failed", retry=True)
    waits = [store.reading.get(job["jobId"])["readyAt"] - clock.now() for job in (quick, slow)]
    assert waits[0].total_seconds() == 0
    assert 500 <= waits[1].total_seconds() <= 1_000


def test_what_lists_kinds_knows_one_that_was_made_while_it_ran(http):
    define(http)
    submit(http, {"parameters": {"url": "u"}})
    assert http.get("/stats").json["kinds"]["thumbnail"]["states"]["queued"] == 1
    assert 'kind="thumbnail"' in http.get("/metrics").text
    assert len(http.get("/jobs?kind=thumbnail").json) == len(http.get("/jobs?kind=all").json) == 1
    assert http.get("/jobs?kind=thumb").status_code == 400
    page = http.get("/console/jobs?kind=thumbnail", headers={"Accept": "text/html"})
    assert (page.status_code, "thumbnail" in page.text) == (200, True)
    events = http.get("/events?kind=thumbnail")
    assert events.status_code == 200
    events.close()
    assert http.get("/events?kind=thumb").status_code == 400
