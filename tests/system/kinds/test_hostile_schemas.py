"""Schemas and items that are to hang, exhaust or mislead the service: each is refused, and the service stays quick.

The service is one gunicorn process, so that whatever holds it up holds up its answers about its health too.
"""

import json
import socket
import threading
import time
from itertools import count, cycle, islice
from random import Random

import pytest
from pymongo import MongoClient

from tests.system.instances import Caller, Instance, url_of

QUICK_SECONDS = 10
NUMBERS = count()
DIALECT_7 = "http://json-schema.org/draft-07/schema#"
NESTED = {f"d{place}": {"allOf": [{"$ref": f"#/$defs/d{place + 1}"}] * 2} for place in range(40)} | {"d40": {}}


def deep(keyword, levels):
    return f'{{"{keyword}":' * levels + "true" + "}" * levels


def members(keyword, schema, count):
    return {keyword: {f"a{place}": schema for place in range(count)}}


#: Schemas by what they try; a text is sent as it is.
BAD_SCHEMAS = {
    "a file": {"$ref": "file:///etc/passwd"},
    "a document beside it": {"$ref": "other.json"},
    "a remote reference in a reference": {"contentSchema": {"$ref": "http://127.0.0.1:1/x"}},
    "a name that leads away": {"$id": "http://127.0.0.1:1/", "$ref": "x.json"},
    "a document in it": {"$defs": {"a": {"$id": "http://127.0.0.1:1/a"}}},
    "an anchor": {"$anchor": "a", "$ref": "#a"},
    "a dynamic reference": {"$dynamicRef": "#a"},
    "a dynamic anchor": {"$defs": {"a": {"$dynamicAnchor": "a"}}},
    "a recursive reference": {"$recursiveRef": "#"},
    "a vocabulary": {"$vocabulary": {"http://127.0.0.1:1/v": True}},
    "another dialect": {"$schema": DIALECT_7},
    "10 MB": {"description": "a" * 10_000_000},
    "10,000 levels of not": deep("not", 10_000),
    "100,000 levels of items": deep("items", 100_000),
    "a deep constant": '{"const":' + "[" * 5_000 + "]" * 5_000 + "}",
    "itself": {"$ref": "#"},
    "a circle": {
        "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}},
        "$ref": "#/$defs/a",
    },
    "two ways down": {"allOf": [{"items": {"$ref": "#"}}] * 2},
    "references that double": {"$defs": NESTED, "$ref": "#/$defs/d0"},
    "properties that all lead to all": {"allOf": [members("properties", {"$ref": "#"}, 90)] * 20},
    "2,100 subschemas": members("properties", True, 2_100),
    "an enum of objects": {"enum": [{"a": place} for place in range(1_000)]},
    "look-around": {"pattern": "(?=a)b"},
    "a back-reference": {"pattern": r"^(a+)+\1$"},
    "repetitions of repetitions": {"pattern": "((a{0,99}){0,99}){0,99}"},
    "a long repetition": {"pattern": "a{9999999}"},
    "a bad regular expression for names": {"patternProperties": {"(?<!a)b": True}},
    "a bad regular expression of all names": {"propertyNames": {"pattern": r"(\w{99}){99}"}},
    "many regular expressions for names": members("patternProperties", True, 2_000),
    "no regular expression": {"pattern": "("},
    "half a character": '{"pattern": "\\ud800"}',
    "a tiny divisor": {"multipleOf": 1e-300},
    "a divisor of nothing": {"multipleOf": 0},
    "a negative divisor": {"multipleOf": -1},
    "more than a number can be": '{"maximum": 1e400}',
    "no number": '{"maximum": NaN}',
    "a number of 200 digits": '{"const": ' + "9" * 200 + "}",
    "a length of 200 digits": '{"maxLength": ' + "9" * 200 + "}",
    "a list": [],
    "a text": "{}"[:1],
    "no type": {"type": "text"},
}

#: A definition, and what is sent in `jobs`; a text is sent as it is.
BAD_ITEMS = {
    "1,000 levels": ({}, '[{"parameters": {"a": ' + "[" * 1_000 + "]" * 1_000 + "}}]"),
    "100,000 levels": ({}, '[{"parameters": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}]"),
    "more than a number can be": ({}, '[{"parameters": {"a": 1e400}}]'),
    "no number": ({}, '[{"parameters": {"a": NaN}}]'),
    "200 digits": ({}, '[{"parameters": {"a": ' + "9" * 200 + "}}]"),
    "half a character": ({}, '[{"parameters": {"a": "\\ud800"}}]'),
    "no object": ({}, [{"parameters": []}]),
    "no item": ({}, [7]),
    "an unknown field": ({}, [{"nothing": 1}]),
    "no list": ({}, {"parameters": {}}),
    "more than 100,000 items": ({}, [{}] * 100_001),
    "what takes other engines for ever": (
        {"properties": {"a": {"pattern": "^(a+)+$"}}},
        [{"parameters": {"a": "a" * 900_000 + "b"}}],
    ),
    "such names": ({"propertyNames": {"pattern": "^(a|aa)+$"}}, [{"parameters": {"a" * 90_000 + "b": 1}}]),
    "a recursion as deep as may be": (
        {"additionalProperties": {"$ref": "#"}, "type": "object"},
        '[{"parameters": ' + '{"a":' * 60 + "1" + "}" * 60 + "}]",
    ),
    "a reference to itself 1,900 times": (
        members("properties", {"$ref": "#", "type": "object"}, 1_000),
        [{"parameters": {f"a{place}": 1 for place in range(1_000)}}],
    ),
}

WIDE = "[01]*1[01]{250}[2-4]"
_RANDOM = Random(1)
#: Texts that lead an automaton through ever new states.
BITS = ["".join(_RANDOM.choices("01", k=1_400)) for _ in range(100)]

#: Definitions that are taken, and the parameters of items in turn, of which 4,000 would take 5 to 20 seconds.
DEAR = {
    "a regular expression": ({"properties": {"a": {"pattern": WIDE}}}, [{"a": bits} for bits in BITS]),
    "a regular expression of names": ({"propertyNames": {"pattern": WIDE}}, [{bits: 1} for bits in BITS]),
    "a regular expression for names": ({"patternProperties": {WIDE: False}}, [{bits: 1} for bits in BITS]),
    "alternatives": (
        {"properties": {"a": {"items": {"oneOf": [{"const": place} for place in range(140)]}}}},
        [{"a": [139] * 300}],
    ),
    "a look at each item for each keyword": (
        {"properties": {"a": {"allOf": [{"contains": {"const": -1}, "minContains": 0}] * 23}}},
        [{"a": [1] * 650}],
    ),
}


@pytest.fixture(scope="module")
def instance(mongod_url):
    client: MongoClient = MongoClient(mongod_url)
    with client:
        database = client["hostile_schemas"]
        with Instance(url_of(mongod_url, database), workers=1) as running:
            running.database = database
            yield running
        client.drop_database(database)


@pytest.fixture
def caller(instance):
    """A client; after the test the service has to answer at once."""
    yield Caller(instance, timeout=60)
    instance.database["inprogress"].delete_many({})
    began = time.monotonic()
    assert Caller(instance).get("/health/ready")[0] == 200
    assert time.monotonic() - began < 2


@pytest.fixture
def kind():
    """The path of a kind that no other test has."""
    return f"/kinds/hostile-{next(NUMBERS)}"


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def put(caller, kind, schema, field="parameters"):
    status, body, _ = caller.ask_text("PUT", kind, f'{{"{field}": {as_text(schema)}}}')
    return status, body


def submit(caller, kind, items):
    return caller.ask_text("POST", f"{kind}/jobs", f'{{"jobs": {as_text(items)}}}')


def took(act):
    began = time.monotonic()
    return act(), time.monotonic() - began


@pytest.mark.parametrize("field", ["parameters", "result"])
@pytest.mark.parametrize("schema", BAD_SCHEMAS.values(), ids=BAD_SCHEMAS)
def test_a_bad_schema_is_refused_at_once_with_a_sentence_and_nothing_is_stored(caller, instance, kind, schema, field):
    (status, body), seconds = took(lambda: put(caller, kind, schema, field))
    assert (status in {400, 413, 422}, len(body["message"]) > 10) == (True, True), (status, body)
    assert seconds < QUICK_SECONDS
    assert caller.get(kind)[0] == 404
    assert instance.database["kinds"].count_documents({"_id": kind.removeprefix("/kinds/")}) == 0


def test_nobody_is_asked_for_a_remote_schema(caller, kind):
    with socket.create_server(("127.0.0.1", 0)) as remote:
        url = f"http://127.0.0.1:{remote.getsockname()[1]}/schema"
        for keyword in ("$ref", "$dynamicRef", "$schema"):
            assert put(caller, kind, {keyword: url})[0] == 400
        for schema in ({"$id": url, "$ref": "x"}, {"items": {"$ref": f"{url}#/a"}}, {"contentSchema": {"$ref": url}}):
            assert put(caller, kind, schema)[0] == 400
        remote.setblocking(False)
        with pytest.raises(BlockingIOError):
            remote.accept()


@pytest.mark.parametrize(("schema", "items"), BAD_ITEMS.values(), ids=BAD_ITEMS)
def test_a_bad_item_is_refused_at_once_with_a_sentence_and_nothing_is_stored(caller, instance, kind, schema, items):
    assert put(caller, kind, schema)[0] in {200, 201}
    (status, body, _), seconds = took(lambda: submit(caller, kind, items))
    refused = body if status != 200 else body["results"][0]
    assert status in {200, 400, 413, 422}
    assert len(refused["message"]) > 10, body
    assert seconds < QUICK_SECONDS
    assert instance.database["inprogress"].count_documents({}) == 0


@pytest.mark.parametrize(("schema", "parameters"), DEAR.values(), ids=DEAR)
def test_thousands_of_dear_items_hold_nobody_up_and_those_that_were_not_checked_are_refused(
    caller, instance, kind, schema, parameters
):
    assert put(caller, kind, schema)[0] in {200, 201}
    answers, over = [], threading.Event()
    other = Caller(instance)

    def look_after_it():
        while not over.is_set():
            answers.append(took(lambda: other.get("/health/ready")[0]))

    looking = threading.Thread(target=look_after_it)
    looking.start()
    items = [{"parameters": each} for each in islice(cycle(parameters), 4_000)]
    (status, answer, _), seconds = took(lambda: submit(caller, kind, items))
    over.set()
    looking.join()
    assert status == 200, answer
    unchecked = [result for result in answer["results"] if "send fewer at a time" in result.get("message", "")]
    assert unchecked
    assert answer["results"][-1] == unchecked[-1]
    assert instance.database["inprogress"].count_documents({}) == sum(
        result["status"] == "CREATED" for result in answer["results"]
    )
    assert seconds < 2 * QUICK_SECONDS
    assert {status for status, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < QUICK_SECONDS
    instance.database["inprogress"].delete_many({})
