"""The workers' side of the work queue."""

import time

import pytest

from job_service.mongo.keys.secrets import Secrets
from job_service.settings import Settings
from job_service.signing import Signing
from job_service.web.tokens import ElementToken
from tests.api.transfers import (
    BASE,
    FOLDER,
    LINK,
    copy,
    entry,
    fetch,
    listed,
    outcome,
    path_of,
    report,
    status,
    submit,
    take,
)

FIGURES = {"transferred": 5, "elapsed": 2.0, "instant": 2.5, "average": 2.5}


def monitor(http, item, **more):
    return http.put(f"{path_of(item)}/monitoring", json={**FIGURES, **more}, headers={"X-Token": item["token"]})


def test_elements_come_grouped_by_job_with_numbers_for_enumerations_and_a_token_each(http):
    number = copy(http, protocol="SSH")
    [job] = fetch(http, "LIST").json
    assert {name: job[name] for name in ("id", "type", "protocol", "src_siteid", "dst_siteid", "src_filepath")} == {
        "id": number,
        "type": 1,
        "protocol": 1,
        "src_siteid": 13,
        "dst_siteid": 15,
        "src_filepath": "~/tree",
    }
    [element] = job["elements"]
    assert (element["id"], element["job_id"], element["type"], element["src_filepath"]) == (0, number, 0, "~/tree")
    assert element["token"]


def test_no_work_is_404(http):
    assert fetch(http).status_code == 404
    submit(http, "list")
    assert fetch(http, 1).status_code == 404
    assert fetch(http, "0", "copy").status_code == 200
    assert fetch(http).status_code == 404


def test_while_paused_there_is_no_work_and_a_time_to_come_back(http):
    submit(http, "list")
    http.post("/maintenance-status", json={"msg": "upgrading", "pause": 1})
    answer = fetch(http)
    assert answer.status_code == 404
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("wrong", [{}, {"types": []}, {"types": [9]}, {"types": [0], "algorithm": "BY_AGE"}])
def test_a_fetch_that_is_wrong(http, wrong):
    assert http.post(f"{BASE}/worker/jobs", json=wrong).status_code == 400


def test_by_number_hands_out_twenty_at_most_in_order_of_priority_then_age(http):
    for priority in (5, 1, 9):
        for _ in range(10):
            submit(http, "list", priority=priority)
    jobs = fetch(http).json
    assert len(jobs) == 20
    assert [job["priority"] for job in jobs] == [1] * 10 + [5] * 10
    assert [job["id"] for job in jobs] == [*range(11, 21), *range(1, 11)]
    assert len(take(http, algorithm="BY_NUMBER", **{"algorithm.args": {"limit": 3}})) == 3
    assert len(take(http, algorithm="BY_NUMBER", **{"algorithm.args": {"limit": 1000}})) == 7


def test_priority_0_is_the_most_urgent_in_every_answer_and_the_cores_9(http, store):
    numbers = {priority: submit(http, "list", priority=priority) for priority in (9, 0, 5)}
    shown = {job["priority"]: job["id"] for job in http.get(f"{BASE}/jobs").json}
    assert shown == numbers
    assert [http.get(f"{BASE}/jobs/{numbers[priority]}").json["priority"] for priority in (0, 5, 9)] == [0, 5, 9]
    core = [job["priority"] for job in http.get("/jobs?kind=transfer&order=oldest").json]
    assert set(core) == {9, 4, 0}
    assert [job["priority"] for job in fetch(http).json] == [0, 5, 9]


def test_elements_and_a_retry_keep_the_priority_of_their_job(http, store, clock):
    number = copy(http, priority=0, max_tries=1)
    listed(http, {"~/tree": [entry("a")]})
    copy(http, priority=1)
    [item] = take(http, **{"algorithm.args": {"limit": 1}})
    assert (item["job_id"], item["type"]) == (number, 1)
    report(http, item, 1)
    store.sweeper.sweep()
    http.post(f"/jobs/{store.reading.by_number('transfer', number)['_id']}/retry")
    assert [job["priority"] for job in http.get(f"{BASE}/jobs").json] == [0, 1, 0]
    assert take(http, **{"algorithm.args": {"limit": 1}})[0]["job_id"] == number + 2


def test_by_size_hands_out_what_fits_and_at_least_one(http):
    copy(http)
    listed(http, {"~/tree": [entry("a", 60), entry("b", 40), entry("c", 1), entry("d", 500)]})
    by_size = {"algorithm": "BY_SIZE", "algorithm.args": {"size": 100}}
    assert [item["size"] for item in take(http, **by_size)] == [60, 40]
    assert [item["size"] for item in take(http, **by_size)] == [1]
    assert [item["size"] for item in take(http, **by_size)] == [500]


def test_a_copy_of_a_folder_has_an_element_for_all_that_is_no_folder(http):
    number = copy(http)
    listed(
        http,
        {
            "~/tree": [entry("a", 3), entry("sub", mode=FOLDER), entry("link", mode=LINK)],
            "~/tree/sub": [entry("b c", 4)],
        },
    )
    elements = http.get(f"{BASE}/jobs/{number}/elements").json
    assert [(each["id"], each["type"], each["src_filepath"], each.get("dst_filepath")) for each in elements] == [
        (0, "LIST", "~/tree", None),
        (1, "COPY", "~/tree/a", "~/copy/a"),
        (2, "COPY", "~/tree/link", "~/copy/link"),
        (3, "COPY", "~/tree/sub/b c", "~/copy/sub/b c"),
    ]


def test_a_removal_goes_from_the_deepest_to_the_folder_itself(http, store):
    number = submit(http, "remove")
    listed(
        http,
        {
            "~/tree": [entry("a"), entry("sub", mode=FOLDER)],
            "~/tree/sub": [entry("b"), entry("deep", mode=FOLDER)],
            "~/tree/sub/deep": [entry("c", mode=LINK)],
        },
    )
    waves = []
    while items := take(http, 2):
        waves.append([item["src_filepath"] for item in items])
        assert take(http, 2) == []
        for item in items:
            report(http, item)
        assert store.sweeper.sweep()
    assert waves == [
        ["~/tree/sub/deep/c", "~/tree/sub/b", "~/tree/a"],
        ["~/tree/sub/deep/"],
        ["~/tree/sub/"],
        ["~/tree/"],
    ]
    assert status(http, number) == "DONE"


def test_a_rename_has_one_element(http):
    number = submit(http, "rename", dst_filepath="~/new")
    listed(http, {"~/tree": [entry("a", 3), entry("b", 4)]})
    [item] = take(http)
    assert (item["type"], item["src_filepath"], item["dst_filepath"], item["size"]) == (3, "~/tree", "~/new", 7)
    report(http, item)
    assert status(http, number) == "DONE"


def test_a_folder_is_made_by_its_only_element(http):
    number = submit(http, "mkdir")
    [item] = take(http)
    assert (item["id"], item["type"]) == (0, 4)
    report(http, item)
    assert status(http, number) == "DONE"


@pytest.mark.parametrize(
    "listing",
    [
        {},
        {"relative": [entry("a")]},
        {"/other": [entry("a")]},
        {"~/tree": [{"name": "a"}]},
        {"~/tree": [entry("..")]},
        {"~/tree": [entry("a/b")]},
        {"~/tree": [], "~/elsewhere": []},
        {"~/tree": {"a": 1}},
        {"~/tree": ["a"]},
        {"root": [{"st_size": 123, "name": "frank.txt"}]},
    ],
)
def test_a_listing_that_cannot_be_one_is_refused_and_fails_its_job_with_the_reason(http, clock, listing):
    number = copy(http, max_tries=2)
    [item] = take(http, 0)
    assert report(http, item, listing=listing).status_code == 400
    assert report(http, item, listing={"~/tree": [entry("a")]}).status_code == 403
    clock.advance(60)
    [again] = take(http, 0)
    refused = report(http, again, listing=listing)
    assert refused.status_code == 400
    job = http.get(f"{BASE}/jobs/{number}").json
    assert (job["status"], job["error"]) == ("FAILED", f"LIST ~/tree: {refused.json['message']}")


def test_missing_fields_of_a_report_are_named(http):
    copy(http)
    [item] = take(http, 0)
    answer = http.put(path_of(item), json={}, headers={"X-Token": item["token"]})
    assert answer.status_code == 400
    assert {fault["loc"][0] for fault in answer.json["errors"]} == {"returncode", "host", "log", "timestamp"}
    assert "listing" in report(http, item).json["message"]
    answer = http.put(f"{path_of(item)}/monitoring", json={}, headers={"X-Token": item["token"]})
    assert {fault["loc"][0] for fault in answer.json["errors"]} == set(FIGURES)


def test_a_token_is_for_one_element_and_one_attempt(http, clock):
    copy(http)
    listed(http, {"~/tree": [entry("a"), entry("b")]})
    one, other = take(http, 1)
    for token in (other["token"], "", "nonsense", one["token"][:-1]):
        for put in (report, monitor):
            assert put(http, {**one, "token": token}).status_code == 403
    assert http.put(path_of(one), json=outcome()).status_code == 403
    assert report(http, one, 1).status_code == 200
    assert report(http, one).status_code == 403
    clock.advance(60)
    [again] = take(http, 1)
    assert again["id"] == one["id"]
    assert (report(http, one).status_code, monitor(http, one).status_code) == (403, 403)
    assert report(http, again).status_code == 200
    assert report(http, again).status_code == 403


def test_an_expired_token_is_403(http, store):
    copy(http)
    [item] = take(http, 0)
    signer = Signing(Settings.from_environment({}), Secrets(store.collections))()
    expired = signer.sign_element(ElementToken(item["job_id"], 0, 1, int(time.time()) - 1))
    assert report(http, {**item, "token": expired}).status_code == 403


def test_a_report_when_the_tries_are_used_up_is_400(http, clock):
    number = copy(http, max_tries=2)
    [first] = take(http, 0)
    assert report(http, first, 1).status_code == 200
    clock.advance(60)
    [last] = take(http, 0)
    assert report(http, last, 1).status_code == 200
    answer = report(http, last, 1)
    assert answer.status_code == 400
    assert "used up" in answer.json["message"]
    assert status(http, number) == "FAILED"


def test_a_failed_element_that_will_be_tried_again_counts_as_submitted(http):
    number = copy(http, max_tries=2)
    [item] = take(http, 0)
    report(http, item, 1)
    assert http.get(f"{BASE}/jobs/{number}/elements/0").json["status"] == "FAILED"
    assert status(http, number) == "SUBMITTED"
    assert http.get(f"{BASE}/jobs").json[0]["num_failed"] == 1


def test_monitoring_keeps_the_lease(http, clock):
    copy(http)
    [item] = take(http, 0)
    for _ in range(10):
        clock.advance(3_000)
        assert monitor(http, item).json["action"] == "continue"
    assert take(http) == []
    clock.advance(3_700)
    assert len(take(http)) == 1
    assert monitor(http, item).status_code == 403


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"transferred": -1, "elapsed": 3, "average": -1, "instant": -1}, (60, 3, 20, "N/A")),
        ({"transferred": -1.0, "elapsed": 0, "average": -1, "instant": 7}, (60, 0, "N/A", 7)),
        ({"transferred": 5, "elapsed": -1, "average": -1, "instant": -1}, (5, "N/A", "N/A", "N/A")),
        ({"transferred": "5", "elapsed": "2.5", "average": "-1", "instant": "1e3"}, (5, 2.5, 24, 1000)),
    ],
)
def test_figures_of_minus_one_stand_for_what_is_not_measured(http, clock, told, shown):
    number = copy(http)
    listed(http, {"~/tree": [entry("a", 60)]})
    [item] = take(http)
    clock.advance(3_000)
    assert monitor(http, item, **told).status_code == 200
    clock.advance(3_000)
    assert take(http) == []
    status = http.get(f"{BASE}/jobs/{number}/elements/1/status").json
    assert status["status"] == "RUNNING"
    assert tuple(status[name] for name in ("transferred", "elapsed", "average", "instant")) == shown


@pytest.mark.parametrize("figure", [-2, -0.5, None, "fast", "nan", [], 2.0**63])
def test_a_figure_that_is_none_is_named(http, figure):
    copy(http)
    [item] = take(http, 0)
    answer = monitor(http, item, instant=figure)
    assert answer.status_code == 400
    assert [fault["loc"] for fault in answer.json["errors"]] == [["instant"]]


def test_a_log_told_in_pieces_is_one(http):
    number = copy(http)
    [item] = take(http, 0)
    for offset, piece in ((0, "first "), (6, "second "), (6, "second "), (13, "third")):
        assert monitor(http, item, log=piece, offset=offset).status_code == 200
    assert report(http, item, log="", listing={"~/tree": []}).status_code == 200
    assert http.get(f"{BASE}/jobs/{number}/elements/0/output").json["log"] == "first second third"


def test_a_cancel_is_told_to_the_worker_and_ends_the_job(http, store):
    number = copy(http)
    listed(http, {"~/tree": [entry("a"), entry("b")]})
    [item] = take(http, **{"algorithm.args": {"limit": 1}})
    job_id = store.reading.by_number("transfer", number)["_id"]
    assert http.post(f"/jobs/{job_id}/cancel", json={"now": False}).status_code == 200
    assert monitor(http, item).json["action"] == "cancel"
    assert take(http) == []
    assert report(http, item, 1, log="stopped").status_code == 200
    store.sweeper.sweep()
    assert store.reading.get(job_id)["state"] == "cancelled"
    assert status(http, number) == "FAILED"
    assert store.collections.inprogress.count_documents({}) == 0


def test_a_job_none_of_whose_elements_is_held_is_cancelled_at_once(http, store):
    number = copy(http)
    job_id = store.reading.by_number("transfer", number)["_id"]
    assert http.post(f"/jobs/{job_id}/cancel").json["state"] == "cancelled"
    assert status(http, number) == "FAILED"


def test_a_retry_makes_a_new_job_that_works(http, store, clock):
    number = copy(http, max_tries=1, credentials={"src": {"password": "hunter2"}})
    [item] = take(http)
    report(http, item, 1)
    store.sweeper.sweep()
    job_id = store.reading.by_number("transfer", number)["_id"]
    answer = http.post(f"/jobs/{job_id}/retry")
    assert answer.status_code == 201
    assert answer.json["retriedFrom"] == job_id
    [job] = fetch(http).json
    assert job["id"] == number + 1
    assert job["credentials"] == {"src": {"password": "hunter2"}, "dst": {}}
    report(http, job["elements"][0], listing={"~/tree": [entry("a")]})
    [item] = take(http)
    report(http, item)
    assert status(http, number + 1) == "DONE"
    [element] = http.get(f"{BASE}/jobs/{number}/elements").json
    ended = store.reading.children(job_id)[0]["_id"]
    assert element["attempts"] == 1
    assert http.post(f"/jobs/{ended}/retry").status_code == 409


def test_a_worker_of_the_core_gets_elements_with_their_token(http):
    copy(http, credentials={"src": {"password": "hunter2"}})
    asked = {"kind": "transfer", "worker": "w", "where": {"type": ["LIST"]}}
    [claim] = http.post("/claims", json=asked).json["claims"]
    job = claim["job"]
    assert job["credentials"]["src"] == {"password": "hunter2"}
    item = {"job_id": job["parameters"]["job"], "id": job["parameters"]["element"], "token": job["token"]}
    assert report(http, item, listing={"~/tree": [entry("a")]}).status_code == 200
    end = http.patch(f"/claims/{claim['claimId']}/jobs/{job['jobId']}", json={"status": "completed"})
    assert end.status_code == 200
    assert len(take(http, 1)) == 1


def test_a_proxy_is_also_where_old_workers_look(http):
    copy(http, credentials={"src": {"proxy": "source"}, "dst": {"proxy": "destination"}})
    submit(http, "list")
    with_proxies, without = fetch(http).json
    assert (with_proxies["src_credentials"], with_proxies["dst_credentials"]) == ("source", "destination")
    assert without["src_credentials"] == ""
    assert "dst_credentials" not in without
