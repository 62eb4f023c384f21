"""A number is taken in at every door as JSON spells it, and is the same number when it comes out again."""

import json

import pytest

from tests.api.asking import claim, path_of, submitted
from tests.api.transfers import BASE, entry, listed, report, submit, take

NUMBERS = [
    "6.02214076e23",
    "1e300",
    "-1.7976931348623157e308",
    "5e-324",
    "1.0",
    "-0.0",
    "9007199254740993",
    str(2**63 - 1),
]
REFUSED = ["1e400", str(2**63), "1" + "0" * 30, "NaN", "-Infinity"]
DOCUMENT = "{{{}}}".format(", ".join(f'"n{place}": {number}' for place, number in enumerate(NUMBERS)))

SUBMITTED = {
    "conversion": ("/job/available/lab", '{"x": %s}'),
    "code": ("/code-jobs", '{"uid": 1, "code": "print(x)", "input": {"x": %s}}'),
    "transfer": (f"{BASE}/list", '{"src_siteid": 1, "src_filepath": "~/a", "extra_opts": {"x": %s}}'),
    "transcoding": ("/api/job", '{"Name": "a", "Options": {"x": %s}}'),
}


def post(http, path, body, method="POST"):
    return http.open(path, method=method, data=body, content_type="application/json")


@pytest.mark.parametrize("kind", SUBMITTED)
def test_a_submitted_number_comes_out_as_it_went_in(http, kind):
    path, body = SUBMITTED[kind]
    for number in NUMBERS:
        answer = post(http, path, body % number)
        assert answer.status_code in {200, 201}, answer.text
        own = f"/job/available/lab/{answer.json['id']}" if kind == "conversion" else "/jobs?kind=all"
        assert f"'x': {json.loads(number)!r}" in repr(http.get(own).json)


@pytest.mark.parametrize("kind", SUBMITTED)
def test_a_number_that_is_none_or_too_large_is_refused_with_a_sentence(http, kind):
    path, body = SUBMITTED[kind]
    for number in REFUSED:
        answer = post(http, path, body % number)
        assert (answer.status_code, "umber" in answer.text) == (400, True), answer.text
    assert http.get("/jobs?kind=all").json == []


def test_a_profiles_number_comes_out_as_it_went_in(http):
    assert post(http, "/api/profile/p", DOCUMENT).status_code == 200
    [profile] = http.get("/api/getProfiles").json
    assert repr(http.get(f"/api/getProfileOptions/{profile['id']}").json) == repr(json.loads(DOCUMENT))


@pytest.mark.parametrize("many", [True, False])
def test_a_workers_result_comes_out_as_it_went_in(http, many):
    [job_id] = submitted(http, "AGE")
    [held] = claim(http)
    update = f'"status": "completed", "result": {DOCUMENT}'
    if many:
        body = f'{{"updates": [{{"claimId": "{held["claimId"]}", "jobId": "{job_id}", {update}}}]}}'
        answer = post(http, "/claims", body, "PATCH").json["results"][0]
    else:
        answer = post(http, path_of(held), f"{{{update}}}", "PATCH").json
    assert answer["ok"]
    assert repr(http.get(f"/jobs/{job_id}").json["result"]) == repr(json.loads(DOCUMENT))


def test_a_workers_result_that_can_not_be_kept_is_refused_and_the_job_goes_on(http):
    [job_id] = submitted(http, "AGE")
    [held] = claim(http)
    for number in REFUSED:
        answer = post(http, path_of(held), f'{{"status": "completed", "result": {{"a": [{number}]}}}}', "PATCH")
        assert answer.status_code == 400
        assert answer.json["errors"][0]["loc"] == ["result", "a", 0]
    assert http.get(f"/jobs/{job_id}").json["state"] == "running"


def test_a_listing_holds_any_number(http):
    number = submit(http, "list")
    listed(
        http, {"~/tree": [{"name": "a", "st_mode": 0o100644, "st_size": 3, "st_mtime": 1.5e300, "st_dev": 2**63 - 1}]}
    )
    [element] = http.get(f"{BASE}/jobs/{number}/output").json
    assert {"st_mtime": 1.5e300, "st_dev": 2**63 - 1}.items() <= element["listing"]["~/tree"][0].items()
    assert take(http, 0) == []


def test_sizes_and_modes_that_no_file_has_are_no_fault_of_ours(http):
    huge = 2**63 - 1
    submit(http, "rename", dst_filepath="~/b")
    [item] = take(http, 0)
    refused = report(http, item, listing={"~/tree": [{"name": "a", "st_mode": huge, "st_size": 1}]})
    assert (refused.status_code, "more than 32 bits" in refused.text) == (400, True)
    listing = {"~/tree": [entry("a", huge), entry("b", huge)]}
    submit(http, "rename", src_filepath="~/tree", dst_filepath="~/c")
    [item] = take(http, 0)
    assert report(http, item, listing=listing).status_code == 200
    assert [item["size"] for item in take(http)] == [huge]
