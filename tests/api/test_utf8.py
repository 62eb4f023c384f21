"""What is not UTF-8 in an address is refused: two such names never become one."""

from urllib.parse import unquote_to_bytes

import pytest

PAGE = {"Accept": "text/html"}
JSON = "application/json"
NO_TEXT = ["%E9", "%C3", "%ED%A0%80", "%C0%AF", "%FF"]


def ask(http, method, path, **more):
    """Ask with the bytes of the path as a server hands them on: the test client would put them right."""
    given = {"PATH_INFO": unquote_to_bytes(path).decode("latin-1")}
    return http.open("/", method=method, environ_overrides=given, content_type=JSON, **more)


@pytest.mark.parametrize("written", NO_TEXT)
def test_a_source_that_is_no_text_has_no_jobs(http, store, written):
    for method, path in (("POST", "/job/available"), ("GET", "/job/available"), ("GET", "/job/done")):
        answer = ask(http, method, f"{path}/x{written}")
        assert (answer.status_code, answer.json["code"]) == (400, "invalid")
        assert answer.json["message"] == "The path is not UTF-8"
    assert store.collections.inprogress.count_documents({}) == 0


def test_sources_of_any_script_are_told_apart(http):
    names = ("x\u00e9", "x\u00e8", "x\ufffd", "x\U0001f600")
    for name in names:
        assert http.get(f"/job/available/{name}").status_code == 404
        assert http.post(f"/job/available/{name}", json={}).status_code == 201
    for name in names:
        assert http.get(f"/job/available/{name}").status_code == 200
        assert http.get(f"/job/available/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/jobs/", "/targets/", "/api/", "/health/", "/nowhere/", "/claims/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_route_takes_a_path_that_is_no_text(http, method, path):
    assert ask(http, method, f"{path}%E9").status_code == 400


def test_a_page_says_so_on_a_page(http):
    for answer in (
        ask(http, "GET", "/console/jobs/%E9", headers=PAGE),
        ask(http, "GET", "/nowhere/%E9", headers=PAGE),
        http.get("/console/jobs?id=%E9", headers=PAGE),
    ):
        assert (answer.status_code, answer.mimetype) == (400, "text/html")
        assert "is not UTF-8" in answer.text


@pytest.mark.parametrize("query", ["target=%E9", "nothing=%E9", "%E9=1"])
def test_a_query_string_that_is_no_text_is_refused_where_a_parameter_is_read(http, query):
    answer = http.get(f"/jobs?{query}")
    assert (answer.status_code, answer.json["message"]) == (400, "The query string is not UTF-8")
    assert http.get(f"/health/alive?{query}").status_code == 200


def test_bytes_of_a_query_string_that_are_not_quoted_are_refused_alike(http):
    answer = http.get("/jobs", environ_overrides={"QUERY_STRING": "target=\xe9"})
    assert (answer.status_code, answer.json["message"]) == (400, "The query string is not UTF-8")
    assert http.get("/jobs", environ_overrides={"QUERY_STRING": "target=\xc3\xa9"}).status_code == 200
