"""The examples of the work queue's documentation, request and response."""

import pytest

from tests.api.transfers import BASE, entry, listed, report, take


@pytest.fixture
def copied(http):
    """A job of which the one file was copied at the second try."""
    copy = {"src_siteid": 13, "src_filepath": "~/file1.txt", "dst_siteid": 15, "dst_filepath": "~/file2.txt"}
    number = http.post(f"{BASE}/copy", json=copy).json["id"]
    listed(http, {"~": [entry("file1.txt", 123354523)]})
    return number


def test_a_listing_is_registered_by_number_of_its_type(http):
    answer = http.post(f"{BASE}/jobs", json={"src_siteid": 12, "src_filepath": "somefile", "type": "0"})
    assert answer.status_code == 200
    job = answer.json
    assert len(job.pop("log_uid")) == 32
    assert job.pop("timestamp") == "2026-01-02T03:04:05Z"
    assert job == {
        "id": 1,
        "user_id": 1,
        "src_siteid": 12,
        "src_filepath": "somefile",
        "dst_siteid": None,
        "dst_filepath": None,
        "type": "LIST",
        "status": "SUBMITTED",
        "extra_opts": {},
        "priority": 5,
        "protocol": "GRIDFTP",
    }


@pytest.mark.parametrize("type_", [0, "0", "LIST", "list"])
def test_a_type_is_a_number_or_a_name(http, type_):
    answer = http.post(f"{BASE}/jobs", json={"src_siteid": 12, "src_filepath": "somefile", "type": type_})
    assert answer.json["type"] == "LIST"


SUBMISSIONS = {
    "list": {"src_siteid": 12, "src_filepath": "somefile"},
    "copy": {"src_siteid": 12, "dst_siteid": 14, "src_filepath": "somefile", "dst_filepath": "someotherfile"},
    "remove": {"src_siteid": 12, "src_filepath": "somefile"},
    "rename": {"src_siteid": 12, "src_filepath": "somefile", "dst_filepath": "someotherfile"},
    "mkdir": {"src_siteid": 12, "src_filepath": "~/somedir"},
}


@pytest.mark.parametrize("verb", SUBMISSIONS)
def test_each_type_has_a_shorthand(http, verb):
    answer = http.post(f"{BASE}/{verb}", json=SUBMISSIONS[verb])
    assert answer.status_code == 200
    nowhere = {"dst_siteid": None, "dst_filepath": None}
    expected = {
        **nowhere,
        **SUBMISSIONS[verb],
        "type": verb.upper(),
        "status": "SUBMITTED",
        "priority": 5,
        "user_id": 1,
    }
    if verb == "rename":
        expected["dst_siteid"] = 12
    assert {name: answer.json[name] for name in expected} == expected
    assert set(answer.json) - set(expected) == {"id", "extra_opts", "protocol", "log_uid", "timestamp"}


def test_no_jobs_are_an_empty_list(http):
    assert http.get(f"{BASE}/jobs").json == []


def test_a_job_in_the_list_of_its_user_has_the_numbers_of_its_elements(http, copied):
    [item] = take(http, 1)
    report(http, item)
    [job] = http.get(f"{BASE}/jobs").json
    numbers = {name: job.pop(name) for name in list(job) if name.startswith("num_")}
    assert numbers == {
        "num_elements": 2,
        "num_new": 0,
        "num_done": 2,
        "num_failed": 0,
        "num_submitted": 0,
        "num_running": 0,
    }
    assert job == http.get(f"{BASE}/jobs/{copied}").json
    assert {
        name: job[name] for name in ("src_siteid", "dst_siteid", "src_filepath", "dst_filepath", "type", "status")
    } == {
        "src_siteid": 13,
        "dst_siteid": 15,
        "src_filepath": "~/file1.txt",
        "dst_filepath": "~/file2.txt",
        "type": "COPY",
        "status": "DONE",
    }


def test_an_element_says_what_it_copies(http, copied):
    [item] = take(http, 1)
    report(http, item)
    element = http.get(f"{BASE}/jobs/{copied}/elements/1").json
    assert element.pop("timestamp").startswith("2026-")
    assert element == {
        "id": 1,
        "job_id": copied,
        "src_filepath": "~/file1.txt",
        "dst_filepath": "~/file2.txt",
        "size": 123354523,
        "max_tries": 2,
        "attempts": 1,
        "type": "COPY",
        "status": "DONE",
    }
    elements = http.get(f"{BASE}/jobs/{copied}/elements").json
    assert [found["id"] for found in elements] == [0, 1]
    assert elements[0]["listing"] == {"~": [entry("file1.txt", 123354523)]}


def test_the_output_of_a_job_is_the_latest_of_each_element(http, copied, clock):
    assert [found["elementid"] for found in http.get(f"{BASE}/jobs/{copied}/output").json] == [0]
    [item] = take(http, 1)
    report(http, item, 1, log="no route to host")
    clock.advance(60)
    [item] = take(http, 1)
    report(http, item, log="The output from the copy command")
    assert http.get(f"{BASE}/jobs/{copied}/output").json == [
        {
            "jobid": copied,
            "elementid": 0,
            "attempt": 1,
            "type": "LIST",
            "status": "DONE",
            "log": "it ran",
            "listing": {"~": [entry("file1.txt", 123354523)]},
        },
        {
            "jobid": copied,
            "elementid": 1,
            "attempt": 2,
            "type": "COPY",
            "status": "DONE",
            "log": "The output from the copy command",
        },
    ]
    every = http.get(f"{BASE}/jobs/{copied}/output?attempts=all").json
    assert [(found["elementid"], found["attempt"], found["status"]) for found in every] == [
        (0, 1, "DONE"),
        (1, 1, "FAILED"),
        (1, 2, "DONE"),
    ]
    where = f"{BASE}/jobs/{copied}/elements/1/output"
    latest = http.get(where).json
    assert latest == http.get(f"{where}/2").json == http.get(f"{where}/-1").json
    first = http.get(f"{where}/1").json
    assert first == http.get(f"{where}/-2").json
    assert (first["attempt"], first["status"], first["log"]) == (1, "FAILED", "no route to host")
    for attempt in (0, 3, -3):
        assert http.get(f"{where}/{attempt}").status_code == 400


def test_output_that_is_not_there(http, copied, store):
    where = f"{BASE}/jobs/{copied}/elements"
    assert http.get(f"{where}/1/output").status_code == 400
    assert http.get(f"{where}/2/output").status_code == 404
    assert http.get(f"{BASE}/jobs/99/output").status_code == 404
    store.database["attempt_logs"].delete_many({})
    gone = http.get(f"{where}/0/output")
    assert (gone.status_code, gone.json["message"]) == (500, "The output of this attempt is not stored any more")
    assert http.get(f"{BASE}/jobs/{copied}/output").status_code == 500


def test_the_status_of_a_job_and_of_an_element(http, copied):
    assert http.get(f"{BASE}/jobs/{copied}/status").json == {"jobid": copied, "status": "SUBMITTED"}
    [item] = take(http, 1)
    figures = {"transferred": 5, "elapsed": 2.0, "instant": 2.5, "average": 2.5}
    path = f"{BASE}/worker/jobs/{copied}/elements/1/monitoring"
    assert http.put(path, json=figures, headers={"X-Token": item["token"]}).status_code == 200
    assert http.get(f"{BASE}/jobs/{copied}/status").json["status"] == "RUNNING"
    told = http.get(f"{BASE}/jobs/{copied}/elements/1/status").json
    assert http.get(f"{BASE}/jobs/{copied}/elements/0/status").json["transferred"] == "N/A"
    assert told == {"jobid": copied, "elementid": 1, "status": "RUNNING", "attempts": 0, **figures}
    report(http, item)
    done = http.get(f"{BASE}/jobs/{copied}/elements/1/status").json
    assert (done["status"], done["attempts"]) == ("DONE", 1)
    assert http.get(f"{BASE}/jobs/{copied}/status").json == {"jobid": copied, "status": "DONE"}


@pytest.mark.parametrize("rest", ["", "/elements", "/elements/0", "/output", "/status", "/elements/0/status"])
def test_no_such_job(http, rest):
    for number in (7, 2**80):
        assert http.get(f"{BASE}/jobs/{number}{rest}").status_code == 404


def test_what_is_missing_is_named_all_at_once(http):
    for path, names in (
        ("copy", {"src_siteid", "src_filepath", "dst_siteid", "dst_filepath"}),
        ("rename", {"src_siteid", "src_filepath", "dst_filepath"}),
        ("jobs", {"src_siteid", "src_filepath", "type"}),
    ):
        answer = http.post(f"{BASE}/{path}", json={})
        assert answer.status_code == 400
        assert {fault["loc"][0] for fault in answer.json["errors"]} == names
        assert all(name in answer.json["message"] for name in names)


@pytest.mark.parametrize(
    "wrong",
    [{"type": 5}, {"type": "MOVE"}, {"protocol": "FTP"}, {"priority": 10}, {"max_tries": 0}, {"other": 1}],
)
def test_bad_values_are_named(http, wrong):
    body = {"src_siteid": 12, "src_filepath": "somefile", "type": 0, **wrong}
    answer = http.post(f"{BASE}/jobs", json=body)
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json["message"]


def test_an_unknown_field_is_named_and_not_repeated_at_length(http):
    answer = http.post(f"{BASE}/list", json={"src_siteid": 12, "src_filepath": "somefile", "x" * 100_000: 1})
    assert answer.status_code == 400
    assert answer.json["message"].startswith("xxx")
    assert len(answer.data) < 1_000


def test_a_rename_stays_on_its_site(http):
    body = {"src_siteid": 12, "src_filepath": "a", "dst_siteid": 13, "dst_filepath": "b"}
    assert http.post(f"{BASE}/rename", json=body).status_code == 400


@pytest.mark.parametrize("path", ["~/rd/in/..", "~/rd/.", "..", "a/./", "~/../", ".", "~", "~//", "/", "//"])
def test_what_no_worker_removes_or_renames_is_refused_before_anything_of_it_is_removed(http, path):
    asked = {
        "src_filepath": ("remove", {"src_filepath": path}),
        "dst_filepath": ("rename", {"src_filepath": "~/a", "dst_filepath": path}),
    }
    for field, (verb, body) in {**asked, "source": ("rename", {"src_filepath": path, "dst_filepath": "b"})}.items():
        for answer in (
            http.post(f"{BASE}/{verb}", json={"src_siteid": 1, **body}),
            http.post(f"{BASE}/jobs", json={"src_siteid": 1, "type": verb, **body}),
        ):
            assert answer.status_code == 400
            assert [fault["loc"] for fault in answer.json["errors"]] == [[field.replace("source", "src_filepath")]]
    assert http.get(f"{BASE}/jobs").json == []


@pytest.mark.parametrize("path", ["~/a/", "./~", "/~", "~/..a", "~/a.", "../a", "..."])
def test_what_only_looks_like_it_is_removed(http, path):
    assert http.post(f"{BASE}/remove", json={"src_siteid": 1, "src_filepath": path}).status_code == 200
