import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymongo.errors import AutoReconnect

DAY = 86_400
OPTIONS = {"input": "clip.mp4", "codec": "h264"}
NO_SUCH = {"code": 404, "msg": "Job with such id:7 doesn't exist.", "result": False}
EMPTY = {"code": 400, "msg": "The queue is empty.", "result": False}


def told(message):
    return {"code": 200, "msg": message, "result": True}


def add(http, name="a clip", options=OPTIONS, **more):
    answer = http.post("/api/job", json={"Name": name, "Options": options, **more})
    assert (answer.status_code, answer.json) == (200, told("Job has been added.")), answer.text
    return int(answer.headers["Location"].rpartition("/")[2])


def fetched(http):
    answer = http.get("/api/fetchJob")
    return answer.json["jobId"] if answer.status_code == 200 else None


def set_status(http, number, status, **headers):
    return http.post("/api/setJobStatus", json={"id": number, "status": status}, headers=headers)


def status_of(http, number):
    return next((job["status"] for job in http.get("/api/getJobs").json if job["id"] == number), None)


def pause(http, paused=1):
    assert http.post("/maintenance-status", json={"msg": "upgrade", "pause": paused}).status_code == 200


def test_the_system_tells_its_name_and_version(http):
    assert http.get("/api").json == {"Name": "VOD Transcoding system", "Version": 1.0}


def test_an_added_job_is_listed(http):
    number = add(http)
    assert http.get("/api/getJobs").json == [
        {"id": number, "name": "a clip", "status": "todo", "lastUpdate": "02/01/2026 03:04:05"}
    ]
    assert http.get(f"/api/getOptions/{number}").json == OPTIONS


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"Options": {}}, "Name"),
        ({"Name": "", "Options": {}}, "Name"),
        ({"Name": 1, "Options": {}}, "Name"),
        ({"Name": "a", "Options": []}, "Options"),
        ({"Name": "a", "Options": {"codec": {"a": 1}}}, "codec"),
        ({"Name": "a", "Options": {"codec": None}}, "codec"),
        ({"Name": "a", "Options": {}, "Priority": 1}, "Unknown field: Priority"),
        ({"Name": "a", "Options": {}, "priority": 10}, "priority"),
    ],
)
def test_a_job_that_cannot_be_understood_is_refused_by_the_name_of_the_field(http, body, named):
    answer = http.post("/api/job", json=body)
    assert answer.status_code == answer.json["code"] == 400
    assert named in answer.json["msg"]
    assert answer.json.keys() == {"code", "msg", "result"}
    assert http.get("/api/getJobs").json == []


def test_values_come_back_as_they_were_sent(http):
    options = {"codec": "h264", "crf": 23, "rate": 29.97, "fast": True, "empty": ""}
    assert http.get(f"/api/getOptions/{add(http, options=options)}").json == options


AWKWARD = [
    {"a.b": "1", "$where": "2", "$set": "3", "": "4"},
    {"$ref": "x", "$id": "y", "$db": "z", "codec": "h264"},
    {"_id": "1", "parameters.options": "2", "ключ $": "é"},
]


@pytest.mark.parametrize("options", [{key: value for key, value in each.items() if key} for each in AWKWARD])
def test_any_key_comes_back_exactly_wherever_it_was_put(http, options):
    number = add(http, options=options)
    http.post("/api/profile/odd", json=options)
    assert http.get(f"/api/getOptions/{number}").json == options
    assert http.get("/api/getProfileOptions/1").json == options
    changed = dict.fromkeys(options, "changed") | {"new.$key": "1"}
    http.post(f"/api/updateJob/{number}", json={"Options": changed})
    http.post("/api/updateProfile", json={"Id": 1, "Name": "odd", "Options": changed})
    assert http.get(f"/api/getOptions/{number}").json == changed
    assert http.get("/api/getProfileOptions/1").json == changed
    filled = add(http, options={}, Profile="odd")
    assert http.get(f"/api/getOptions/{filled}").json == changed
    assert changed.items() <= http.get("/api/fetchJob").json.items()


def test_an_empty_key_is_refused(http):
    assert http.post("/api/job", json={"Name": "a", "Options": {"": "4"}}).status_code == 400


def test_numbers_are_never_used_twice(http):
    first, second = add(http), add(http)
    assert second == first + 1
    http.delete(f"/api/job/{second}")
    assert add(http) == second + 1


@pytest.mark.parametrize("body", [{"Options": {"codec": "vp9", "preset": "fast"}}, {"codec": "vp9", "preset": "fast"}])
def test_an_edit_changes_and_adds_options(http, body):
    number = add(http)
    answer = http.post(f"/api/updateJob/{number}", json=body)
    assert (answer.status_code, answer.json) == (200, told("Job has been updated."))
    assert http.get(f"/api/getOptions/{number}").json == {"input": "clip.mp4", "codec": "vp9", "preset": "fast"}


@pytest.mark.parametrize("body", [{"Name": "$new"}, {"Name": "$new", "Options": {}}, {"Name": "$new", "codec": "h264"}])
def test_an_edit_renames(http, clock, body):
    number = add(http)
    clock.advance(60)
    assert http.post(f"/api/updateJob/{number}", json=body).status_code == 200
    [job] = http.get("/api/getJobs").json
    assert (job["name"], job["lastUpdate"]) == ("$new", "02/01/2026 03:05:05")
    assert http.get(f"/api/getOptions/{number}").json == OPTIONS


def test_a_job_that_has_ended_can_be_edited_and_done_again(http, store):
    number = add(http)
    fetched(http)
    set_status(http, number, "processed")
    store.sweeper.sweep()
    assert http.post(f"/api/updateJob/{number}", json={"Options": {"codec": "vp9"}}).status_code == 200
    set_status(http, number, "todo")
    assert http.get("/api/fetchJob").json["codec"] == "vp9"


@pytest.mark.parametrize("ended", [False, True])
def test_a_deleted_job_is_gone_whatever_it_was_doing(http, store, ended):
    number = add(http)
    fetched(http)
    if ended:
        set_status(http, number, "processed")
    answer = http.delete(f"/api/job/{number}")
    assert (answer.status_code, answer.json) == (200, told("Job has been deleted."))
    store.sweeper.sweep()
    assert http.get("/api/getJobs").json == []
    assert fetched(http) is None
    assert http.delete(f"/api/job/{number}").json["msg"] == f"Job with such id:{number} doesn't exist."
    assert set_status(http, number, "todo").status_code == 404


def test_a_worker_hears_that_its_job_was_deleted(http):
    number = add(http)
    [held] = http.post("/claims", json={"kind": "transcoding", "worker": "w"}).json["claims"]
    assert held["job"]["parameters"] == {"name": "a clip", "options": OPTIONS}
    http.delete(f"/api/job/{number}")
    beat = http.patch(f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}", json={"progress": 5})
    assert (beat.status_code, beat.json["code"]) == (409, "already-finished")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/updateJob/7", {"Options": {}, "Name": "a"}),
        ("post", "/api/updateJob", {"id": 7, "status": "todo"}),
        ("post", "/api/updateJob", {"jobId": 7, "codec": "h264"}),
        ("delete", "/api/job/7", None),
        ("get", "/api/getOptions/7", None),
        ("post", "/api/setJobStatus", {"id": 7, "status": "todo"}),
        ("post", "/api/setJobStatus", {"id": "7", "status": "nonsense"}),
    ],
)
def test_an_unknown_job_is_not_found_on_every_route(http, method, path, body):
    answer = getattr(http, method)(path, **({} if body is None else {"json": body}))
    assert (answer.status_code, answer.json) == (404, NO_SUCH)


@pytest.mark.parametrize("given", ["0", "-1", "abc", "1.5", "٣", "9" * 40, "1e3"])
def test_what_is_no_number_is_no_job_and_no_profile(http, given):
    for path, thing in (("/api/getOptions", "Job"), ("/api/getProfileOptions", "Profile")):
        answer = http.get(f"{path}/{given}")
        message = f"{thing} with such id:{given} doesn't exist."
        assert (answer.status_code, answer.json) == (404, {"code": 404, "msg": message, "result": False})


def test_pages_start_at_0(http, store):
    numbers = [add(http) for _ in range(5)]
    for _ in range(2):
        set_status(http, fetched(http), "processed")
    store.sweeper.move_ended()

    def page(query):
        return [job["id"] for job in http.get(f"/api/getJobs{query}").json]

    assert page("") == page("?index=0") == page("?nothing=1") == numbers
    assert [page(f"?index={index}&count=2") for index in range(4)] == [numbers[:2], numbers[2:4], numbers[4:], []]
    assert page("?count=3") == numbers[:3]


@pytest.mark.parametrize("query", ["index=-1", "index=a", "count=0", "count=1.5", "count=", "index[$ne]=1"])
def test_a_page_that_there_cannot_be_is_refused(http, query):
    answer = http.get(f"/api/getJobs?{query}")
    assert (answer.status_code, answer.json["result"]) == (400, False)


def test_a_fetched_job_has_the_fields_of_its_api_and_its_options_beside_them(http):
    number = add(http, options={**OPTIONS, "jobId": "666", "service": "rm", "status": "x", "name": "y"})
    answer = http.get("/api/fetchJob")
    assert answer.json == {
        "jobId": number,
        "name": "a clip",
        "service": "encode",
        "enable": "1",
        "version": 1,
        "config": "http://localhost/api/getAttributes",
        "status": "http://localhost/api/updateJob",
        **OPTIONS,
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert status_of(http, number) == "doing"


def test_the_addresses_that_a_fetched_job_holds_answer(http):
    number = add(http)
    order = http.get("/api/fetchJob").json
    for method in (http.get, http.post):
        assert "codec" in {option["key"] for option in method(order["config"]).json}
    answer = http.post(order["status"], json={"id": number, "status": "processed"})
    assert (answer.status_code, answer.json) == (200, told("Status has been set."))
    assert status_of(http, number) == "processed"


def test_a_worker_may_send_back_what_it_has_fetched(http, clock, store):
    number = add(http)
    order = http.get("/api/fetchJob").json
    clock.advance(DAY - 1)
    answer = http.post("/api/updateJob", json={**order, "preset": "fast"})
    assert (answer.status_code, answer.json) == (200, told("Job has been updated."))
    assert http.get(f"/api/getOptions/{number}").json == {**OPTIONS, "preset": "fast"}
    clock.advance(DAY - 1)
    assert fetched(http) is None
    assert http.post("/api/updateJob", json={"jobId": number, "status": "processed"}).status_code == 200
    assert status_of(http, number) == "processed"


@pytest.mark.parametrize("body", [{}, {"status": "todo"}, {"id": 1, "jobId": 1}, {"id": None}, {"id": 1.5}])
def test_an_update_without_an_id_is_refused(http, body):
    answer = http.post("/api/updateJob", json=body)
    assert (answer.status_code, answer.json["code"], answer.json["result"]) == (400, 400, False)


def test_the_oldest_job_goes_first_also_when_it_was_put_back(http):
    first, second, third = (add(http) for _ in range(3))
    assert fetched(http) == first
    set_status(http, first, "todo")
    assert [fetched(http) for _ in range(4)] == [first, second, third, None]


def test_an_urgent_job_goes_before_older_ones(http):
    first, urgent = add(http), add(http, priority=9)
    assert [fetched(http), fetched(http)] == [urgent, first]


def test_a_job_may_wait_for_its_time(http, clock):
    number = add(http, notBefore="2026-01-02T03:05:05Z")
    assert fetched(http) is None
    clock.advance(60)
    assert fetched(http) == number


def test_an_empty_queue_says_so(http):
    answer = http.get("/api/fetchJob")
    assert (answer.status_code, answer.json) == (400, EMPTY)
    assert "Retry-After" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_while_paused_the_queue_is_empty_and_everything_else_goes_on(http):
    running = add(http)
    fetched(http)
    waiting = add(http)
    pause(http)
    answer = http.get("/api/fetchJob")
    assert (answer.status_code, answer.json, answer.headers["Retry-After"]) == (400, EMPTY, "5")
    refused = set_status(http, waiting, "doing")
    assert (refused.status_code, refused.json["msg"]) == (409, "Nothing starts: upgrade")
    assert set_status(http, running, "processed").status_code == 200
    assert http.post(f"/api/updateJob/{waiting}", json={"codec": "vp9"}).status_code == 200
    pause(http, 0)
    assert fetched(http) == waiting


def test_a_head_fetches_nothing(http):
    number = add(http)
    answer = http.head("/api/fetchJob")
    assert answer.status_code == 405
    assert "HEAD" not in answer.headers["Allow"]
    assert fetched(http) == number


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Purpose": "prefetch"}])
def test_a_request_that_is_not_meant_fetches_nothing(http, headers):
    number = add(http)
    answer = http.get("/api/fetchJob", headers=headers)
    assert (answer.status_code, answer.json["code"], answer.json["result"]) == (403, 403, False)
    assert fetched(http) == number


def test_a_status_is_set_and_repeated(http, store):
    number = add(http)
    for status in ("todo", "doing", "doing", "processed", "processed", "todo"):
        answer = set_status(http, number, status, **{"X-Worker": "encoder-1"})
        assert (answer.status_code, answer.json) == (200, told("Status has been set."))
        assert status_of(http, number) == status
    set_status(http, number, "processed")
    store.sweeper.sweep()
    assert store.collections.completed.count_documents({"number": number}) == 1
    assert set_status(http, str(number), "todo").status_code == 200
    assert store.collections.completed.count_documents({}) == 0
    assert fetched(http) == number


def test_an_unknown_status_is_not_found_and_named(http):
    message = "Status id:done isn't correct. Allowed statuses: ['todo', 'doing', 'processed']"
    expected = {"code": 404, "msg": message, "result": False}
    number = add(http)
    for path in ("/api/setJobStatus", "/api/updateJob"):
        answer = http.post(path, json={"id": number, "status": "done"})
        assert (answer.status_code, answer.json) == (404, expected)


def test_an_ended_job_is_not_worked_on_before_it_is_put_back(http):
    number = add(http)
    set_status(http, number, "processed")
    answer = set_status(http, number, "doing")
    assert (answer.status_code, answer.json["result"]) == (409, False)
    assert status_of(http, number) == "processed"


def test_a_job_whose_worker_died_comes_back_although_it_never_heard_of_leases(http, clock):
    number = add(http)
    assert fetched(http) == number
    clock.advance(DAY - 1)
    assert fetched(http) is None
    clock.advance(2)
    assert fetched(http) == number


def test_a_worker_that_says_doing_keeps_its_job_as_long_as_it_may_run(http, clock):
    http.patch("/kinds/transcoding", json={"maxRunSeconds": 30 * DAY})
    number = add(http)
    fetched(http)
    for _ in range(3):
        clock.advance(DAY - 1)
        assert set_status(http, number, "doing").status_code == 200
        assert fetched(http) is None


def test_a_worker_of_a_cancelled_job_hears_it(http):
    number = add(http)
    [held] = http.post("/claims", json={"kind": "transcoding", "worker": "w"}).json["claims"]
    http.post(f"/jobs/{held['job']['jobId']}/cancel")
    answer = set_status(http, number, "doing", **{"X-Worker": "w"})
    assert (answer.status_code, answer.json["msg"]) == (409, f"Job with id:{number} is not to be worked on any more.")
    [job] = http.get("/api/getJobs").json
    assert (job["status"], job["state"]) == ("processed", "cancelled")


def test_a_failed_job_is_listed_with_its_reason(http):
    add(http)
    [held] = http.post("/claims", json={"kind": "transcoding", "worker": "w"}).json["claims"]
    path = f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"
    assert http.patch(path, json={"status": "failed", "log": "no such encoder"}).status_code == 200
    [job] = http.get("/api/getJobs").json
    assert (job["status"], job["state"], job["error"]) == ("processed", "failed", "no such encoder")


def test_the_options_there_are_begin_with_the_encoder_s_and_grow_with_what_is_used(http):
    start = http.get("/api/getOptions").json
    assert {"id": 1, "key": "input", "name": "Input file", "is_optional": False} in start
    assert {"codec", "bitrate", "resolution", "frame_rate", "container", "preset", "audio_codec"} < {
        option["key"] for option in start
    }
    add(http, options={"codec": "h264", "crf": "23"})
    add(http, options={"crf": "20", "tune.film": "1"})
    http.post("/api/profile/p", json={"crf": "1", "$x": "y"})
    grown = http.get("/api/getAttributes").json
    assert grown[: len(start)] == start
    new = grown[len(start) :]
    assert [option["key"] for option in new] == ["crf", "tune.film", "$x"]
    assert [option["id"] for option in new] == [11, 12, 13]
    assert new[0] == {"id": 11, "key": "crf", "name": "crf", "is_optional": True}


def test_a_profile_lives_from_its_addition_to_its_deletion(http):
    answer = http.post("/api/profile/Small%20screens", json={"resolution": "640x360"})
    assert (answer.status_code, answer.json) == (200, told("Profile has been added."))
    assert http.get("/api/getProfiles").json == [{"id": 1, "name": "Small screens"}]
    answer = http.post("/api/updateProfile", json={"Id": 1, "Name": "Profile1", "Options": {"codec": "h264"}})
    assert (answer.status_code, answer.json) == (200, told("Profile has been updated."))
    assert http.get("/api/getProfiles").json == [{"id": 1, "name": "Profile1"}]
    assert http.get("/api/getProfileOptions/1").json == {"resolution": "640x360", "codec": "h264"}
    answer = http.delete("/api/profile/1")
    assert (answer.status_code, answer.json) == (200, told("Profile has been deleted."))
    assert http.get("/api/getProfiles").json == []
    http.post("/api/profile/again", json={})
    assert http.get("/api/getProfiles").json == [{"id": 2, "name": "again"}]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("delete", "/api/profile/7", None),
        ("get", "/api/getProfileOptions/7", None),
        ("post", "/api/updateProfile", {"Id": 7, "Name": "a", "Options": {}}),
        ("post", "/api/job", {"Name": "a", "Options": {}, "Profile": 7}),
        ("post", "/api/job", {"Name": "a", "Options": {}, "Profile": "7"}),
    ],
)
def test_an_unknown_profile_is_not_found_on_every_route(http, method, path, body):
    answer = getattr(http, method)(path, **({} if body is None else {"json": body}))
    expected = {"code": 404, "msg": "Profile with such id:7 doesn't exist.", "result": False}
    assert (answer.status_code, answer.json) == (404, expected)
    assert http.get("/api/getJobs").json == []


def test_two_profiles_never_have_the_same_name(http):
    http.post("/api/profile/a", json={})
    http.post("/api/profile/b", json={})
    expected = {"code": 409, "msg": "Profile with such name:a already exists.", "result": False}
    for answer in (http.post("/api/profile/a", json={}), http.post("/api/updateProfile", json={"Id": 2, "Name": "a"})):
        assert (answer.status_code, answer.json) == (409, expected)


@pytest.mark.parametrize("profile", [1, "1", "small"])
def test_a_profile_fills_what_the_job_leaves_out(http, profile):
    http.post("/api/profile/small", json={"resolution": "640x360", "codec": "vp9"})
    number = add(http, options=OPTIONS, Profile=profile)
    assert http.get(f"/api/getOptions/{number}").json == {"resolution": "640x360", **OPTIONS}


@pytest.mark.parametrize("name", ["9.41.00\u202fAM", "映像\u3000第1話", "für\u2028a/b", "-x", "x" * 200])
def test_a_profile_may_have_any_name_without_a_control_character(http, name):
    assert http.post(f"/api/profile/{name}", json={"codec": "h264"}).status_code == 200
    assert http.get("/api/getProfiles").json == [{"id": 1, "name": name}]
    number = add(http, options=OPTIONS, Profile=name)
    assert http.get(f"/api/getOptions/{number}").json == {"codec": "h264", **OPTIONS}


@pytest.mark.parametrize("name", ["%00", "x" * 201, "%0a", "a%C2%85b", "%7f"])
def test_a_profile_s_name_has_no_control_character(http, name):
    answer = http.post(f"/api/profile/{name}", json={})
    assert (answer.status_code, answer.json["result"]) == (400, False)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("get", "/api/nothing", {}, 404),
        ("get", "/api/job", {}, 405),
        ("put", "/api/getJobs", {}, 405),
        ("post", "/api/job", {"data": "a=1"}, 415),
        ("post", "/api/job", {"data": "{", "content_type": "application/json"}, 400),
        ("post", "/api/job", {"data": b"[]", "content_type": "application/json"}, 400),
        ("post", "/api/job", {"data": b" " * 1_000_001, "content_type": "application/json"}, 413),
        ("post", "/api/job", {"data": b" " * 17_000_000, "content_type": "application/json"}, 413),
    ],
)
def test_every_error_has_the_shape_of_this_api(http, method, path, sent, status):
    answer = getattr(http, method)(path, **sent)
    assert answer.status_code == status
    assert answer.json == {"code": status, "msg": answer.json["msg"], "result": False}
    assert answer.json["msg"]


def test_a_database_that_is_away_is_told_in_the_shape_of_this_api(http, store, monkeypatch):
    def away(_kind, _number):
        raise AutoReconnect("mongo.internal:27017 is away")

    monkeypatch.setattr(store.reading, "by_number", away)
    answer = http.get("/api/getOptions/1")
    assert (answer.status_code, answer.json["code"], answer.json["result"]) == (503, 503, False)
    assert answer.headers["Retry-After"]
    assert "mongo.internal" not in answer.text


def test_errors_elsewhere_keep_their_own_shape(http):
    assert http.get("/apis").json["message"]
    assert http.get("/job/nothing").json["message"]


def test_100_fetches_at_once_get_40_jobs_once_each(app, http):
    numbers = [add(http) for _ in range(40)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: app.test_client().get("/api/fetchJob"), range(100)))
    assert sorted(answer.json["jobId"] for answer in answers if answer.status_code == 200) == numbers
    assert [answer.json for answer in answers].count(EMPTY) == 60


def test_jobs_added_at_once_have_a_number_each_and_an_option_is_new_only_once(app, http):
    def add_one(_):
        return add(app.test_client(), options={"crf": "1", "tune": "film"})

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(add_one, range(24)))
    assert sorted(numbers) == list(range(1, 25))
    keys = [option["key"] for option in http.get("/api/getOptions").json]
    assert sorted(keys[10:]) == ["crf", "tune"]


def test_a_job_explains_where_it_is_in_the_queue(http):
    add(http)
    second = add(http)
    [job] = [each for each in http.get("/jobs?kind=transcoding").json if each["number"] == second]
    reasons = http.get(f"/jobs/{job['jobId']}/explain").json["reasons"]
    assert reasons[0]["code"] == "ahead-in-queue"
    assert reasons[0]["ahead"] == 1


def test_a_date_is_written_as_its_clients_read_it(http):
    add(http)
    [job] = http.get("/api/getJobs").json
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", job["lastUpdate"])
