"""Bad input is refused with the right status and the field's name, changes nothing, and the service goes on."""

import pytest

from tests.api.asking import claim, fingerprint, locs, path_of, submit, submitted

JSON = "application/json"
DEEP = {"deep": 65, "deeper": 190, "deepest": 5_000}
NOT_TEXT = [{"$ne": None}, {"$gt": ""}, ["A"], 1, None, True]
LONG = "A" * 200

BODIES = {
    "nothing": b"",
    "cut short": b'{"a":',
    "no object": b"[]",
    "a text": b'"x"',
    "a number": b"1",
    "null": b"null",
    "UTF-16": '{"jobs": []}'.encode("utf-16"),
    "UTF-32": '{"jobs": []}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"jobs": []}',
    "latin-1": '{"ä": 1}'.encode("latin-1"),
    **{name: b'{"jobs": {"a": ' + b"[" * depth + b"]" * depth + b"}}" for name, depth in DEEP.items()},
    "a list without end": b'{"jobs": ' + b"[" * 100_000,
    "NaN": b'{"jobs": [NaN]}',
    "infinity": b'{"jobs": [-Infinity]}',
    "1e400": b'{"jobs": 1e400}',
    "2^63": b'{"jobs": 9223372036854775808}',
    "-2^63-1": b'{"jobs": -9223372036854775809}',
    "2^64": b'{"jobs": 18446744073709551616}',
    "5,000 digits": b'{"jobs": ' + b"1" * 5_000 + b"}",
    "half a surrogate pair": b'{"jobs": "\\ud800"}',
    "NUL in a key": b'{"jobs": [], "a\\u0000b": 1}',
    "equal keys": b'{"jobs": [], "jobs": [1]}',
    "100,000 keys": b'{"jobs":[],' + b",".join(b'"%x":1' % number for number in range(100_000)) + b"}",
}
ROUTES = [
    ("POST", "/jobs"),
    ("PUT", "/jobs"),
    ("POST", "/claims"),
    ("PATCH", "/claims"),
    ("POST", "/maintenance-status"),
]


@pytest.fixture(autouse=True)
def nothing_changes(http, store):
    """Whatever the test sends: the jobs are as they were, and the service answers."""
    submitted(http, "AGE", "SEX")
    claim(http, claimId="standing-claim")
    before = fingerprint(store)
    yield
    assert fingerprint(store) == before
    assert http.get("/health/alive").status_code == 200
    assert http.get("/jobs").status_code == 200


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("route", ROUTES, ids=[f"{method} {path}" for method, path in ROUTES])
def test_what_is_no_acceptable_json_object_is_400(http, route, body):
    answer = http.open(route[1], method=route[0], data=body, content_type=JSON)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid")
    assert answer.json["message"]


@pytest.mark.parametrize("given", [None, "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("route", ROUTES, ids=[f"{method} {path}" for method, path in ROUTES])
def test_what_is_not_declared_as_json_is_415(http, route, given):
    assert http.open(route[1], method=route[0], data=b'{"jobs": []}', content_type=given).status_code == 415


def test_what_is_compressed_is_415(http):
    answer = http.post("/jobs", data=b"\x1f\x8b", content_type=JSON, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_one_byte_more_than_the_limit_is_413(http, settings):
    body = b'{"jobs": []}'
    fits = body + b" " * (settings.max_body_bytes - len(body))
    assert http.post("/jobs", data=fits, content_type=JSON).json == []
    answer = http.post("/jobs", data=fits + b" ", content_type=JSON)
    assert (answer.status_code, answer.json["code"]) == (413, "too-large")


@pytest.mark.parametrize("name", ["state", "_id", "lease", "attempts", "createdBy", "x"])
def test_an_unknown_field_is_named(http, name):
    for method, path, body in (
        ("POST", "/jobs", {"jobs": []}),
        ("PUT", "/jobs/x", {"status": "failed"}),
        ("POST", "/claims", {"kind": "dataset", "worker": "w"}),
        ("PATCH", "/claims/claim-one/jobs/x", {"progress": 1}),
        ("POST", "/maintenance-status", {"msg": "", "pause": 0}),
    ):
        answer = http.open(path, method=method, json={**body, name: "completed"})
        assert (answer.status_code, locs(answer)) == (400, [name])
        assert f"Unknown field: {name}" in answer.json["message"]


CLAIMS: list[tuple[str, object]] = [
    *[("kind", value) for value in [*NOT_TEXT, "", "nothing"]],
    *[("worker", value) for value in [*NOT_TEXT, "", "a\nb", "a\0b", "w" * 201]],
    *[("claimId", value) for value in [{"$ne": None}, 1, True, "short77", "x" * 65, "eight\n888", "nul\0nul\0nul"]],
    *[("limit", value) for value in [0, -1, 1001, "5", 1.5, True, 10**9, None, [1]]],
    *[("leaseSeconds", value) for value in [4, 86_401, -1, "60", True, 5.5]],
    *[("wait", value) for value in [31, -1, "1", True, 1e300]],
    ("where", []),
    ("where", "ADD"),
    ("where", None),
    *[("where.operation", {"operation": value}) for value in [[], {"$ne": 1}, [1], "NOTHING", ["ADD", "$x"]]],
    *[("where.source", {"source": "x"}), ("where.$or", {"$or": []})],
]


@pytest.mark.parametrize(
    ("field", "value"), CLAIMS, ids=[f"{field}-{place}" for place, (field, _) in enumerate(CLAIMS)]
)
def test_a_claims_bad_field_is_named(http, field, value):
    body = {"kind": "dataset", "worker": "w", field.partition(".")[0]: value}
    answer = http.post("/claims", json=body)
    assert answer.status_code == 400
    assert field in {loc.replace("where.where", "where") for loc in locs(answer)} | {
        loc.partition(".")[0] for loc in locs(answer)
    }


UPDATES: list[tuple[str, object]] = [
    *[("progress", value) for value in [-1, 101, "5", True, 1.5]],
    *[("status", value) for value in ["", "nothing", "queued", "quarantined", 1, {"$ne": 1}]],
    *[("leaseSeconds", value) for value in [4, 86_401]],
    *[("retry", value) for value in ["true", 1]],
    *[("log", value) for value in [1, ["a"]]],
]


@pytest.mark.parametrize(
    ("field", "value"), UPDATES, ids=[f"{field}-{place}" for place, (field, _) in enumerate(UPDATES)]
)
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_an_updates_bad_field_is_named(http, many, field, value):
    held = claim(http, claimId="standing-claim")[0]
    body = {field: value, **({"status": "failed"} if field == "retry" else {})}
    if many:
        named = {"claimId": held["claimId"], "jobId": held["job"]["jobId"], **body}
        result = http.patch("/claims", json={"updates": [named]}).json["results"][0]
        assert (result["ok"], result["code"]) == (False, "invalid")
        assert field in [fault["loc"][0] for fault in result["errors"]]
    else:
        answer = http.patch(path_of(held), json=body)
        assert (answer.status_code, [loc.partition(".")[0] for loc in locs(answer)]) == (400, [field])


def test_a_text_over_its_cap_is_413_and_the_lease_stays(http):
    held = claim(http, claimId="standing-claim")[0]
    assert http.patch(path_of(held), json={"log": "x" * 2_000_000}).status_code == 413
    assert http.patch(path_of(held), json={"log": "x" * 20_000}).status_code == 413
    assert http.patch(path_of(held), json={"result": "x" * 2_000_000}).status_code == 413


@pytest.mark.parametrize("value", NOT_TEXT)
def test_an_operator_or_a_wrong_type_is_no_name_and_no_status(http, value):
    result = submit(http, {"target": value}).json[0]
    assert (result["status"], "target" in result["msg"]) == ("FAILED", True)
    answer = http.put("/jobs", json={"jobId": "x", "status": value, "description": "d"} | {"status": value or 0})
    assert (answer.status_code, [loc.partition(".")[0] for loc in locs(answer)]) == (400, ["status"])


QUERIES = {
    "status[$ne]=x": "status",
    "status=nothing": "status",
    "status=queued&status=failed": "status",
    "operation=NOTHING": "operation",
    "operation[$in]=ADD": "operation",
    "ignoreCompleted=1": "ignoreCompleted",
    "ignoreCompleted=true&ignoreCompleted=false": "ignoreCompleted",
    "limit=0": "limit",
    "limit=-1": "limit",
    "limit=1e3": "limit",
    "limit=%D9%A1": "limit",
    "limit=99999999999999999999": "limit",
    "target=A&target=B": "target",
    "target[$ne]=A": "target",
    "cursor=x": "cursor",
    "cursor=": "cursor",
    "cursor=eyJhIjoxfQ": "cursor",
    "cursor[$gt]=": "cursor",
    "kind=nothing": "kind",
    "kind=all&state=nothing": "state",
}


@pytest.mark.parametrize(("query", "name"), QUERIES.items(), ids=QUERIES)
def test_a_bad_query_parameter_is_named(http, query, name):
    answer = http.get(f"/jobs?{query}")
    assert (answer.status_code, locs(answer)) == (400, [name])


@pytest.mark.parametrize("wait", ["31", "-1", "x", "1&wait=2", "nan", "1e1"])
def test_a_bad_wait_is_named(http, wait):
    answer = http.get(f"/jobs/x?wait={wait}")
    assert (answer.status_code, locs(answer)) == (400, ["wait"])


IDS = ["..", "%00", "x" * 3_000, "%D9%A1%D9%A2", "$ne", "{}", "a%0d%0ab"]


@pytest.mark.parametrize("job_id", IDS)
def test_an_id_that_is_none_is_not_found(http, job_id):
    for path in ("", "/explain"):
        assert http.get(f"/jobs/{job_id}{path}").status_code == 404
    for verb in ("cancel", "release", "retry"):
        assert http.post(f"/jobs/{job_id}/{verb}").status_code == 404
    assert http.put(f"/jobs/{job_id}", json={"status": "failed"}).status_code == 404
    assert http.patch(f"/claims/claim-one/jobs/{job_id}", json={"progress": 1}).status_code == 404


@pytest.mark.parametrize("name", ["A\n", "a", "_A", "1A", "A/../B", "Å", "A.tar", LONG, ""])
def test_a_dataset_name_is_capital_letters_digits_and_underscores(http, name):
    result = submit(http, {"target": name}).json[0]
    assert (result["status"], result["code"]) == ("FAILED", "invalid")
    assert "Invalid dataset name" in result["msg"]


@pytest.mark.parametrize("delay", ["-1", "x", "1.5", "99999999"])
def test_a_bad_delay_is_named(http, delay):
    held = claim(http, claimId="standing-claim")[0]
    answer = http.delete(f"{path_of(held)}?delay={delay}")
    assert (answer.status_code, locs(answer)) == (400, ["delay"])


@pytest.mark.parametrize(
    "body", [{"pause": "1"}, {"pause": "true"}, {"pause": 2}, {"pause": None}, {}, {"pause": 1, "paused": 1}]
)
def test_a_flag_that_is_none_leaves_it_as_it_is(http, body):
    assert http.post("/maintenance-status", json={"msg": "x", **body}).status_code == 400
    assert http.get("/maintenance-status").json["paused"] is False
    assert http.get("/maintenance-history").json == []


@pytest.mark.parametrize("key", ["", " ", "x" * 300, "ä", "a b"])
def test_a_bad_idempotency_key_is_named(http, key):
    answer = http.post(
        "/jobs", json={"jobs": [{"operation": "ADD", "target": "NEW"}]}, headers={"Idempotency-Key": key}
    )
    assert (answer.status_code, locs(answer)) == (400, ["Idempotency-Key"])


@pytest.mark.parametrize("method", ["TRACE", "GETX", "PUT", "DELETE", "PATCH"])
def test_a_method_that_is_none_of_the_routes_is_405(http, method):
    answer = http.open("/targets", method=method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_an_unknown_path_shows_nothing_of_itself(http):
    answer = http.get("/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert b"<script>alert" not in answer.data
