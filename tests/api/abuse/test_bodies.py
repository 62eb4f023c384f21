"""Rows 1 to 21 of the matrix, on every route that takes a body and not only where they were first thought of."""

from tests.api.abuse.routes import FREE, LARGE, TERSE, WITH_BODY, fields_of, is_refused, send
from tests.api.test_bad_input import BODIES, JSON

OPERATORS = [{"$ne": None}, {"$gt": ""}, ["a"], {"$where": "sleep(1)"}]
OWN_FIELDS = ["state", "_id", "lease", "attempts", "createdBy", "readyAt", "$set", "__proto__"]
UNTYPED = [None, "text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "application/octet-stream"]


def test_no_route_takes_what_is_no_acceptable_json_object(http, unchanged):
    for operation in WITH_BODY.values():
        for name, body in BODIES.items():
            if not (body or operation.body_is_needed):
                continue
            answer = send(http, operation, unchanged, data=body, content_type=JSON)
            assert is_refused(answer, 400), (operation.key, name, answer.status_code, answer.text)


def test_no_route_takes_what_is_not_declared_as_json_or_is_compressed(http, unchanged):
    for operation in WITH_BODY.values():
        for declared in UNTYPED:
            answer = send(http, operation, unchanged, data=b"{}", content_type=declared)
            assert is_refused(answer, 415), (operation.key, declared, answer.status_code)
        for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip"):
            headers = {"Content-Encoding": coding}
            answer = send(http, operation, unchanged, data=b"\x1f\x8b", content_type=JSON, headers=headers)
            assert is_refused(answer, 415), (operation.key, coding, answer.status_code)


def test_no_route_lets_a_caller_set_a_field_of_ours(http, unchanged):
    for operation in WITH_BODY.values():
        if operation.key in FREE:
            continue
        for name in OWN_FIELDS:
            answer = send(http, operation, unchanged, json={**(operation.example or {}), name: "completed"})
            assert is_refused(answer, 400), (operation.key, name, answer.status_code, answer.text)
            assert operation.key in TERSE or f"Unknown field: {name}" in answer.text


def test_no_field_takes_an_operator_for_a_value(http, unchanged):
    for operation in WITH_BODY.values():
        for field in fields_of(operation):
            for value in OPERATORS:
                answer = send(http, operation, unchanged, json={**(operation.example or {}), field: value})
                assert is_refused(answer, 400), (operation.key, field, value, answer.status_code, answer.text)
                assert field in answer.text


def test_no_number_takes_what_is_no_whole_number_in_its_range(http, unchanged):
    for operation in WITH_BODY.values():
        for field, schema in fields_of(operation).items():
            kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") == "integer"]
            # The maintenance flag is 0, 1, true or false.
            if (
                not kinds
                or field in {"pause", "paused"}
                or {"string", "number"} & {each.get("type") for each in schema.get("anyOf", [])}
            ):
                continue
            beyond = [kinds[0][bound] + step for bound, step in (("minimum", -1), ("maximum", 1)) if bound in kinds[0]]
            for value in ("5", 1.5, True, [], *beyond):
                answer = send(http, operation, unchanged, json={**(operation.example or {}), field: value})
                assert is_refused(answer, 400), (operation.key, field, value, answer.status_code, answer.text)


def test_no_route_stores_a_text_of_a_megabyte_in_a_name(http, unchanged):
    for operation in WITH_BODY.values():
        long = "x" * 900_000
        for field, schema in fields_of(operation).items():
            if "maxLength" not in str(schema):
                continue
            answer = send(http, operation, unchanged, json={**(operation.example or {}), field: long})
            assert is_refused(answer, 400, 413), (operation.key, field, answer.status_code, answer.text[:300])
            assert len(answer.data) < 2_000


def test_no_route_takes_more_than_its_limit(http, unchanged):
    for operation in WITH_BODY.values():
        declared = {"CONTENT_LENGTH": "128000001"}
        answer = send(http, operation, unchanged, data=b"{}", content_type=JSON, environ_overrides=declared)
        assert is_refused(answer, 413), (operation.key, answer.status_code, answer.text)
        if operation.key not in LARGE:
            answer = send(http, operation, unchanged, data=b"{" + b" " * 999_999 + b"}", content_type=JSON)
            assert is_refused(answer, 413), (operation.key, answer.status_code, answer.text)
