"""Without credentials only this machine is served, and no page of another site; every refusal has one shape."""

import pytest

HERE = ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000"]
ELSEWHERE = ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"]
JOBS = {"jobs": [{"operation": "ADD", "target": "AGE"}]}


def refusal(answer):
    return answer.status_code, answer.json["code"]


@pytest.mark.parametrize("host", HERE)
def test_a_loopback_name_is_served(http, host):
    assert http.get("/jobs", headers={"Host": host}).json == []


@pytest.mark.parametrize("host", ELSEWHERE)
def test_another_name_is_400_though_it_leads_here(http, store, host):
    headers = {"Host": host}
    assert refusal(http.get("/jobs", headers=headers)) == (400, "invalid")
    assert refusal(http.post("/jobs", json=JOBS, headers=headers)) == (400, "invalid")
    assert store.collections.inprogress.count_documents({}) == 0


@pytest.mark.parametrize("address", ["", None, "unknown"])
def test_who_has_no_address_is_not_taken_for_this_machine(http, address):
    assert refusal(http.get("/jobs", environ_base={"REMOTE_ADDR": address})) == (400, "invalid")


def test_another_machine_is_400_and_may_ask_for_health(http):
    peer = {"REMOTE_ADDR": "10.0.0.7"}
    assert refusal(http.get("/jobs", environ_base=peer)) == (400, "invalid")
    assert http.get("/health/alive", environ_base=peer, headers={"Host": "evil.example"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
    ids=str,
)
def test_what_another_site_sends_is_403(http, store, headers):
    assert refusal(http.post("/jobs", json=JOBS, headers=headers)) == (403, "forbidden")
    assert store.collections.inprogress.count_documents({}) == 0


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_another_site_reads_nothing_either(http, headers):
    assert refusal(http.get("/jobs", headers=headers)) == (403, "forbidden")


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}], ids=str)
def test_a_page_of_this_service_is_served(http, headers):
    assert http.post("/jobs", json=JOBS, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/jobs", "/jobs/nobody", "/nowhere", "/health/alive"])
def test_the_id_of_a_request_is_sent_back(http, path):
    assert http.get(path, headers={"X-Request-ID": "run-7.a_B"}).headers["X-Request-ID"] == "run-7.a_B"


@pytest.mark.parametrize("given", ["", "a b", "a;b", "ä", "x" * 129, "<script>"])
def test_an_id_that_no_log_should_hold_is_replaced(http, given):
    made = http.get("/jobs", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert made
    assert made != given
    assert http.get("/jobs", headers={"X-Request-ID": given}).headers["X-Request-ID"] != made


def test_an_error_is_a_problem_to_whoever_asks_for_one(http):
    plain = http.get("/jobs/nobody")
    assert plain.json == {"message": "No job found for jobId: nobody", "code": "not-found"}
    problem = http.get("/jobs/nobody", headers={"Accept": "application/problem+json"})
    assert (problem.status_code, problem.mimetype) == (404, "application/problem+json")
    rest = {"type": "about:blank", "title": "Not found", "status": 404, "detail": plain.json["message"]}
    assert problem.json == {**plain.json, **rest}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/jobs", {"GET", "HEAD", "OPTIONS", "POST", "PUT"}),
        ("POST", "/targets", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/claims", {"OPTIONS", "PATCH", "POST"}),
        ("PUT", "/maintenance-history", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_a_path_does_not_take_is_405_and_the_others_are_named(http, method, path, allowed):
    answer = http.open(path, method=method)
    assert refusal(answer) == (405, "method-not-allowed")
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("given", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_declared_as_json_is_415(http, given):
    answer = http.put("/jobs/nobody", data=b'{"status": "failed"}', content_type=given)
    assert refusal(answer) == (415, "unsupported-media-type")
