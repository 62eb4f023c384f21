"""What a listing may say, and what it makes of a copy or a removal: nothing that is there is passed over in silence."""

import json
import os
import random
import stat
from typing import Any

import pytest

from job_service.transfers.paths import respelled
from tests.api.transfers import (
    BASE,
    FILE,
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

DEEP = "/".join(["~/tree", *(f"{place} {'n' * 51}" for place in range(6))])
PIPE = stat.S_IFIFO | 0o644
DATA = {
    "that of the worker that plays": {"root": [{"st_size": 123, "name": "frank.txt"}]},
    "that of the documentation": {"root": ["file1", "file2"]},
    "odd keys": {"": [], ".": [1], "$where": [{"$ref": "a", "$id": 1, "a.b": None}], "a.$b": [[]], "k" * 5_000: ["x"]},
    "no lists": {"root": {"name": "x"}, "total": 3, "more": None},
    "nothing": {},
}


def elements(http, number):
    shown = http.get(f"{BASE}/jobs/{number}/elements").json
    return [(each["type"], each["src_filepath"], each.get("dst_filepath")) for each in shown[1:]]


@pytest.mark.parametrize("listing", DATA.values(), ids=DATA)
def test_the_listing_of_a_list_is_data_and_given_back_as_it_is(http, listing):
    number = submit(http, "list", protocol="DUMMY")
    listed(http, listing)
    assert status(http, number) == "DONE"
    assert http.get(f"{BASE}/jobs/{number}/elements/0").json["listing"] == listing
    assert http.get(f"{BASE}/jobs/{number}/output").json[0]["listing"] == listing
    assert http.get(f"{BASE}/jobs/{number}/elements/0/output").json["listing"] == listing


def test_a_piece_of_a_listing_may_be_larger_than_a_document_of_the_database(http, monkeypatch):
    monkeypatch.setattr("job_service.transfers.listings_store._PIECE_BYTES", 1_000)
    listing = {"root": [random.Random(1).randbytes(3_000).hex()], "more": "x" * 10, "last": ["y"]}
    number = submit(http, "list")
    listed(http, listing)
    assert http.get(f"{BASE}/jobs/{number}/elements/0").json["listing"] == listing


def test_what_could_be_listed_is_kept_with_the_failure_of_a_list(http, clock):
    number = submit(http, "list")
    [item] = take(http)
    part = {"~/tree": [entry("closed", mode=FOLDER)]}
    assert report(http, item, 1, log="'/tree/closed' at site 13: Permission denied", listing=part).status_code == 200
    clock.advance(60)
    [item] = take(http)
    assert report(http, item, 1, log="'/tree/closed' at site 13: Permission denied", listing=part).status_code == 200
    [output] = http.get(f"{BASE}/jobs/{number}/output").json
    assert (output["status"], output["listing"]) == ("FAILED", part)
    job = http.get(f"{BASE}/jobs/{number}").json
    assert (job["status"], job["error"]) == ("FAILED", "LIST ~/tree: '/tree/closed' at site 13: Permission denied")


@pytest.mark.parametrize("verb", ["list", "copy", "remove", "rename"])
def test_a_folder_with_a_path_of_339_bytes_is_no_different(http, store, verb):
    where: dict[str, dict[str, Any]] = {
        "copy": {"dst_siteid": 15, "dst_filepath": "~/copy"},
        "rename": {"dst_filepath": "~/new"},
    }
    number = submit(http, verb, **where.get(verb, {}))
    parts = DEEP.split("/")
    listing = {"/".join(parts[:depth]): [entry(parts[depth], mode=FOLDER)] for depth in range(2, len(parts))} | {
        DEEP: [entry("file")]
    }
    assert max(map(len, listing)) > 256
    listed(http, listing)
    while items := take(http):
        for item in items:
            report(http, item)
        store.sweeper.sweep()
    assert status(http, number) == "DONE"
    assert http.get(f"{BASE}/jobs/{number}/elements/0").json["listing"] == listing


def test_options_and_documents_have_keys_of_any_length_too(http):
    key = "ø" * 500 + ".$"
    number = submit(http, "list", extra_opts={key: {key: 1}, "": 2})
    assert http.get(f"{BASE}/jobs/{number}").json["extra_opts"] == {key: {key: 1}, "": 2}
    assert fetch(http).json[0]["extra_opts"] == {key: {key: 1}, "": 2}
    assert http.post("/job/available/source", json={key: {key: 1}}).status_code == 201
    assert http.get("/job/available/source").json["job"] == {key: {key: 1}}


def test_what_is_no_file_is_an_element_that_its_worker_has_to_say_something_of(http):
    number = copy(http)
    tree = [entry("link", mode=LINK), entry("pipe", 5, PIPE), entry("closed", 4096, FOLDER)]
    listed(http, {"~/tree": tree})
    expected = [("COPY", f"~/tree/{name}", f"~/copy/{name}") for name in ("link", "pipe", "closed")]
    assert elements(http, number) == expected


def test_a_folder_without_anything_in_it_is_made_at_the_target(http):
    credentials = {"src": {"proxy": "source"}, "dst": {"proxy": "target"}}
    number = copy(http, credentials=credentials)
    listed(
        http,
        {
            "~/tree": [entry("a"), entry("e", mode=FOLDER), entry("f", mode=FOLDER)],
            "~/tree/e": [],
            "~/tree/f": [entry("b")],
        },
    )
    copies, folder = fetch(http).json
    assert [item["src_filepath"] for item in copies["elements"]] == ["~/tree/a", "~/tree/f/b"]
    assert (copies["src_siteid"], copies["dst_siteid"], copies["credentials"]) == (13, 15, credentials)
    assert (folder["id"], folder["type"], folder["src_siteid"], folder["dst_siteid"]) == (number, 4, 15, None)
    assert (folder["src_filepath"], folder["src_credentials"]) == ("~/copy", "target")
    assert folder["credentials"] == {"src": {"proxy": "target"}}
    [item] = folder["elements"]
    assert (item["type"], item["src_filepath"]) == (4, "~/copy/e")
    for each in (*copies["elements"], item):
        report(http, each)
    assert status(http, number) == "DONE"


def test_an_empty_folder_is_copied_by_making_it(http):
    number = copy(http)
    listed(http, {"~/tree": []})
    assert elements(http, number) == [("MKDIR", "~/copy", None)]
    claimed = http.post("/claims", json={"kind": "transfer", "worker": "w", "where": {"type": ["MKDIR"]}}).json
    [held] = claimed["claims"]
    assert held["job"]["parameters"]["src_siteid"] == 15


def test_a_failed_job_names_what_it_has_left_out(http, store):
    copy(http, max_tries=1)
    listed(http, {"~/tree": [entry(f"file {place:02}") for place in range(30)]})
    while items := take(http):
        for item in items:
            report(http, item, int(item["id"] > 2), log=f"reading it\nno route to {item['id']}")
    store.sweeper.sweep()
    [job] = http.get(f"{BASE}/jobs").json
    lines = job["error"].split("\n")
    assert (job["status"], job["num_done"], job["num_failed"]) == ("FAILED", 3, 28)
    assert lines[0] == "COPY ~/tree/file 02: no route to 3"
    assert (len(lines), lines[-1]) == (21, "... and more")
    assert "error" not in http.get(f"{BASE}/jobs/{copy(http)}").json


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("//data//tree/", "/data/tree"),
        ("./tree/.", "~/tree"),
        ("~//tree", "~/tree"),
        ("tree", "~//tree/"),
        ("./~/x", "~/~/x"),
        ("~/link/../x", "~/link/../x"),
        ("~/tree", "/home/somebody/tree"),
        ("~", "~"),
        ("/", "/"),
    ],
)
def test_a_path_means_the_same_however_it_is_written(http, asked, told):
    number = copy(http, src_filepath=asked)
    [item] = take(http, 0)
    assert report(http, item, listing={told: [entry("a")]}).status_code == 200
    [(_, source, target)] = elements(http, number)
    assert "//" not in source
    assert target == "~/copy/a"


ODD = b"caf\xe9\xf0"


def test_a_name_that_is_not_utf8_is_taken_as_python_sends_it_and_given_back_in_characters(http):
    number = submit(http, "copy", dst_siteid=15, dst_filepath=os.fsdecode(ODD), src_filepath=f"~/{os.fsdecode(ODD)}")
    [item] = take(http)
    assert item["src_filepath"] == "~/caf\uefe9\ueff0"
    report(http, item, listing={item["src_filepath"]: [{"name": os.fsdecode(ODD), "st_mode": FILE, "st_size": 1}]})
    assert elements(http, number) == [("COPY", "~/caf\uefe9\ueff0/caf\uefe9\ueff0", "caf\uefe9\ueff0/caf\uefe9\ueff0")]


def test_a_report_says_its_odd_names_as_python_sends_them(http):
    number = copy(http)
    [item] = take(http)
    body = outcome(listing={"~/tree": [{"name": os.fsdecode(ODD), "st_mode": FILE, "st_size": 1}]})
    sent = json.dumps(body).encode()
    headers = {"X-Token": item["token"], "Content-Type": "application/json"}
    assert http.put(path_of(item), data=sent, headers=headers).status_code == 200
    assert elements(http, number) == [("COPY", "~/tree/caf\uefe9\ueff0", "~/copy/caf\uefe9\ueff0")]


@pytest.mark.parametrize("text", ["😀", "\\udce9", "\\\\udce9", "💖 \\", "\n\udc80", "\udcff\udc80", "é\udce9"])
def test_only_bytes_that_stand_alone_are_spelled_anew(text):
    sent = json.dumps({"a": text}).encode()
    expected = "".join(
        chr(ord(c) - 0xDC00 + 0xEF00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in json.loads(sent)["a"]
    )
    assert json.loads(respelled(sent)) == {"a": expected}


@pytest.mark.parametrize("mode", [FILE, FOLDER])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("~/a", "/home/u/a"),
        ("a", "/home/u/a"),
        ("~/a", "~/a"),
        ("/h/a", "/h/a"),
        ("~/a/a", "/u/a/a"),
        ("~/a/a", "~/a/a"),
    ],
)
def test_a_folder_with_one_entry_of_its_own_name_is_a_folder(http, store, asked, told, mode):
    removal = submit(http, "remove", src_filepath=asked)
    listed(http, {told: [entry("a", mode=mode)]})
    inner = f"{told}/a/" if mode == FOLDER else f"{told}/a"
    assert elements(http, removal) == [("REMOVE", inner, None), ("REMOVE", f"{told}/", None)]
    copying = copy(http, src_filepath=asked)
    listed(http, {told: [entry("a", mode=mode)]})
    assert elements(http, copying) == [("COPY", f"{told}/a", "~/copy/a")]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("~/a", "~"),
        ("a", "/home/u"),
        ("~/a", "/home/u"),
        ("/h/a", "/h"),
        ("/a/a", "/a"),
        ("~/a/a", "/u/a"),
        ("/a", "/"),
    ],
)
def test_the_folder_of_one_file_that_was_asked_for_is_left_alone(http, asked, told):
    path = f"{told.rstrip('/')}/a"
    removal = submit(http, "remove", src_filepath=asked)
    listed(http, {told: [entry("a")]})
    assert elements(http, removal) == [("REMOVE", path, None)]
    copying = copy(http, src_filepath=asked)
    listed(http, {told: [entry("a")]})
    assert elements(http, copying) == [("COPY", path, "~/copy")]


def test_a_home_with_one_file_in_it_is_a_folder(http):
    number = copy(http, src_filepath="~")
    listed(http, {"/home/u": [entry("a")]})
    assert elements(http, number) == [("COPY", "/home/u/a", "~/copy/a")]


UNSTORABLE = {
    "a size": {"~/tree": [entry("a", 2**63)]},
    "a key": {"~/tr\0ee": []},
    "what nobody reads": {"~/tree": [{**entry("a"), "st_ino": -(2**63) - 1}]},
}


@pytest.mark.parametrize("verb", ["list", "remove"])
@pytest.mark.parametrize("listing", UNSTORABLE.values(), ids=UNSTORABLE)
def test_a_listing_that_can_not_be_stored_is_a_failed_attempt_with_the_reason(http, clock, verb, listing):
    number = submit(http, verb, max_tries=2)
    [item] = take(http)
    assert report(http, item, listing=listing).status_code == 400
    assert report(http, item, listing={"~/tree": []}).status_code == 403
    clock.advance(60)
    [item] = take(http)
    refused = report(http, item, listing=listing)
    assert refused.status_code == 400
    job = http.get(f"{BASE}/jobs/{number}").json
    assert (job["status"], job["error"]) == ("FAILED", f"LIST ~/tree: {refused.json['message']}")
    outputs = http.get(f"{BASE}/jobs/{number}/output?attempts=all").json
    assert [each["status"] for each in outputs] == ["FAILED", "FAILED"]
    assert outputs[1]["log"] == refused.json["message"]


def test_a_report_that_is_none_or_not_its_holders_changes_nothing(http):
    number = submit(http, "list")
    [item] = take(http)
    assert report(http, {**item, "token": "nobody's"}, listing=UNSTORABLE["a size"]).status_code == 403
    for more in ({}, {"listing": ["a"]}, {"listing": {"~/tree": []}, "more": 1}, {"log": 2**63}):
        assert report(http, item, **more).status_code == 400
    assert http.get(f"{BASE}/jobs/{number}/elements/0").json["attempts"] == 0
    assert report(http, item, listing={"~/tree": []}).status_code == 200
