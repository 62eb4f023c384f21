import subprocess
import sys
import time
from contextlib import suppress
from random import Random
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.kinds import schemas
from job_service.kinds.schemas import DIALECT, Schemas, compile_schema
from job_service.lifecycle.errors import Invalid, TooLarge

TREE = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}, "additionalProperties": False}
JSON = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"$ref": "#"}},
        {"type": "object", "additionalProperties": {"$ref": "#"}},
    ]
}
DOUBLING = {f"d{place}": {"allOf": [{"$ref": f"#/$defs/d{place + 1}"}] * 2} for place in range(40)} | {"d40": {}}


def nested(keyword: str, levels: int) -> object:
    schema: object = {}
    for _ in range(levels):
        schema = {keyword: schema}
    return schema


def unevaluated(levels: int) -> object:
    schema: dict[str, object] = {}
    for _ in range(levels):
        schema = {"allOf": [schema], "unevaluatedProperties": {"type": "integer"}}
    return schema


@pytest.mark.parametrize(
    ("document", "loc", "words"),
    [
        pytest.param({"type": "text"}, ["type"], "text", id="no schema"),
        pytest.param({"items": {"minLength": "1"}}, ["items", "minLength"], "integer", id="a wrong type"),
        pytest.param([], [], "object, true or false", id="a list"),
        pytest.param({"$schema": "http://json-schema.org/draft-07/schema#"}, ["$schema"], DIALECT, id="draft 7"),
        pytest.param({"$ref": "http://127.0.0.1:1/x"}, ["$ref"], "in this schema", id="a remote reference"),
        pytest.param({"$ref": "file:///etc/passwd"}, ["$ref"], "in this schema", id="a file"),
        pytest.param({"$ref": "other.json#/a"}, ["$ref"], "in this schema", id="a document beside it"),
        pytest.param({"$id": "http://a/b", "$ref": "http://a/b#"}, ["$ref"], "in this schema", id="its own name"),
        pytest.param({"$ref": DIALECT}, ["$ref"], "in this schema", id="the metaschema"),
        pytest.param({"$id": DIALECT, "$ref": "#/$defs/x"}, ["$ref"], "leads to no schema", id="a stolen name"),
        pytest.param({"$dynamicRef": "#a"}, ["$dynamicRef"], "not allowed", id="a dynamic reference"),
        pytest.param({"items": {"$id": "http://a/"}}, ["items", "$id"], "not allowed", id="a document in it"),
        pytest.param({"items": {"$schema": DIALECT}}, ["items", "$schema"], "not allowed", id="a dialect in it"),
        pytest.param({"$ref": "#/$defs/x"}, ["$ref"], "leads to no schema", id="a reference to nothing"),
        pytest.param({"$ref": "#/enum/0", "enum": [{}]}, ["$ref"], "leads to no schema", id="a reference to a value"),
        pytest.param({"$ref": "#/~2"}, ["$ref"], "~0", id="a malformed pointer"),
        pytest.param({"$ref": "#"}, [], "endless recursion", id="itself"),
        pytest.param({"allOf": [{"$ref": "#"}]}, [], "endless recursion", id="itself by a branch"),
        pytest.param({"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}, ["$defs", "a"], "endless", id="a circle"),
        pytest.param({"$defs": DOUBLING}, [], "too costly", id="references that double"),
        pytest.param({"allOf": [{"items": {"$ref": "#"}}] * 2}, [], "too costly", id="two ways down"),
        pytest.param(unevaluated(6), [], "too costly", id="unevaluated in unevaluated"),
        pytest.param({"enum": [{"a": place} for place in range(100)]}, [], "too costly", id="an enum of objects"),
        pytest.param({"prefixItems": [{}] * 2_001}, [], "too many subschemas", id="many subschemas"),
        pytest.param({"multipleOf": 1e-300}, ["multipleOf"], "1e-09", id="a tiny divisor"),
        pytest.param({"pattern": "(?=a)b"}, ["pattern"], "look-around", id="look-around"),
        pytest.param({"pattern": r"(a)\1"}, ["pattern"], "back-reference", id="a back-reference"),
        pytest.param({"pattern": "(((a{0,99}){0,99}){0,99}){0,99}"}, ["pattern"], "repetition", id="repetitions"),
        pytest.param({"patternProperties": {"(?!a)": {}}}, ["patternProperties", "(?!a)"], "look", id="of a name"),
        pytest.param({"minimum": float("nan")}, ["minimum"], "Not a JSON number", id="no number"),
        pytest.param({"const": 2**64}, ["const"], "out of range", id="a large number"),
    ],
)
def test_a_bad_schema_is_refused_with_a_sentence_and_its_place(document, loc, words):
    with pytest.raises(Invalid) as refused:
        compile_schema(document)
    assert words in refused.value.message
    assert [fault["loc"] for fault in refused.value.faults if fault["loc"]] == ([loc] if loc else [])


@pytest.mark.parametrize("keyword", ["not", "items", "additionalProperties"])
@pytest.mark.parametrize("levels", [65, 5_000])
def test_a_schema_of_too_many_levels_is_refused(keyword, levels):
    with pytest.raises(Invalid, match="too deeply"):
        compile_schema(nested(keyword, levels))


@pytest.mark.parametrize("size", [64 * 1024, 10_000_000])
def test_a_schema_over_64_kilobytes_is_refused(size):
    with pytest.raises(TooLarge, match="65,536 bytes"):
        compile_schema({"description": "a" * size})


@pytest.mark.parametrize(
    ("document", "good", "bad"),
    [
        pytest.param(TREE, {"left": {"right": {}}}, {"left": {"right": {"up": {}}}}, id="a tree"),
        pytest.param(JSON, ["a", {"b": ["c"]}], ["a", {"b": [{"c": 1}, 2]}], id="any JSON of texts"),
        pytest.param({"$defs": {"a b/~": {"type": "null"}}, "$ref": "#/$defs/a%20b~1~0"}, None, 1, id="odd names"),
        pytest.param(
            {"prefixItems": [{"type": "null"}, {"$ref": "#/prefixItems/0"}]}, [None] * 2, [None, 1], id="index"
        ),
        pytest.param({"properties": {"$id": {"type": "null"}, "$ref": {}}}, {"$id": None}, {"$id": 1}, id="such names"),
        pytest.param({"$id": "http://a/b", "$schema": DIALECT, "type": "null"}, None, 1, id="a name of its own"),
        pytest.param({"pattern": "^[a-z][a-z0-9-]{0,63}$"}, "a-b", "A", id="a word"),
        pytest.param({"pattern": r"^\p{L}+$"}, "é", "1", id="letters of any language"),
        pytest.param({"format": "date-time"}, "2030-01-01T00:00:00Z", "tomorrow", id="a time"),
        pytest.param({"format": "uuid"}, "6f1f6a2e-3f1c-4c7e-9a53-0a8f3f3b2b11", "x", id="a UUID"),
        pytest.param({"oneOf": [{"const": place} for place in range(100)]}, 7, 100, id="a hundred alternatives"),
    ],
)
def test_a_schema_tells_good_values_from_bad_ones(document, good, bad):
    schema = compile_schema(document)
    assert schema.faults(good) == []
    assert schema.faults(bad)


def test_a_format_that_is_not_known_says_nothing():
    assert compile_schema({"format": "color"}).faults("x") == []


def test_true_takes_any_value_and_false_none():
    assert compile_schema(document=True).faults(1) == []
    assert len(compile_schema(document=False).faults(1)) == 1


def test_faults_name_their_places_and_do_not_repeat_the_value():
    schema = compile_schema({"properties": {"a": {"items": {"maxLength": 2}}}, "required": ["b"]})
    faults = schema.faults({"a": ["x", "secret" * 100]}, ["parameters"])
    assert {tuple(fault["loc"]): fault["msg"] for fault in faults} == {
        ("parameters", "a", 1): "the value is longer than 2 characters",
        ("parameters",): '"b" is a required property',
    }


def test_faults_are_few_and_short_however_many_there_are():
    schema = compile_schema({"items": {"enum": ["long" * 100, "other" * 100]}})
    faults = schema.faults(list(range(1_000)))
    assert len(faults) == schemas.MOST_FAULTS
    assert max(len(fault["msg"]) for fault in faults) <= 201


def test_a_large_value_with_very_many_faults_is_refused_in_one_sentence():
    schema = compile_schema({"items": {"anyOf": [{"type": "string"}] * 200}})
    [fault] = schema.faults(list(range(90_000)), ["parameters"])
    assert fault == {"loc": ["parameters"], "msg": "does not match the schema, and is too large to say where"}


_RANDOM = Random(1)
BITS = "".join(_RANDOM.choice("01") for _ in range(99_000))


# Up to two seconds on a small machine that is not idle. Without the bounds it is minutes, or all of the memory.
@pytest.mark.parametrize(
    ("document", "value"),
    [
        pytest.param({"pattern": "[01]*1[01]{250}[2-4]"}, BITS, id="a wide regular expression"),
        pytest.param({"pattern": "^(a+)+$"}, "a" * 900_000 + "b", id="nested repetition"),
        pytest.param({"uniqueItems": True}, [{"a": place} for place in range(50_000)], id="unique objects"),
        pytest.param({"items": {"allOf": [{"type": "integer"}] * 290}}, list(range(99_000)), id="many keywords"),
        pytest.param({"items": {"not": {"enum": [1, "a"] * 140}}}, ["b"] * 99_000, id="a mixed enum"),
        pytest.param({"items": {"multipleOf": 1e-9}}, [1e15] * 99_000, id="remainders"),
        pytest.param({"allOf": [{"contains": {"const": -1}, "minContains": 0}] * 23}, [1] * 99_000, id="contains"),
        pytest.param(unevaluated(3), {f"a{place}": 1 for place in range(50_000)}, id="unevaluated"),
        pytest.param({"items": {"anyOf": [{"type": "string"}] * 40}}, list(range(400)), id="an explanation"),
    ],
)
def test_the_dearest_schemas_that_are_taken_end_on_the_largest_values(document, value):
    schema, began = compile_schema(document), time.thread_time()
    schema.faults(value)
    assert time.thread_time() - began < 10


# Up to a tenth of a second; where each combination was looked at alone, it was a quarter of a minute.
@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"properties": {f"a{place}": {"$ref": "#"} for place in range(1_900)}}, id="references to all"),
        pytest.param(
            {"allOf": [{"properties": {f"{n} {m}": {"$ref": "#"} for m in range(90)}} for n in range(20)]},
            id="of parts",
        ),
        pytest.param(
            {"properties": {f"a{n}": {"allOf": [{"$ref": "#"}], "items": {}} for n in range(600)}}, id="and items"
        ),
    ],
)
def test_a_schema_is_weighed_in_a_moment(document):
    began = time.thread_time()
    with suppress(Invalid):
        compile_schema(document)
    assert time.thread_time() - began < 2


def test_a_long_regular_expression_does_not_look_at_a_large_value():
    [fault] = compile_schema({"pattern": "1[01]{250}[2-4]"}).faults(BITS + "0" * 2_000)
    assert "100,000 bytes at most" in fault["msg"]


DEEPEST = """
from threading import Thread
from job_service.kinds.schemas import compile_schema

step = {"$ref": "#"}
for _ in range(20):
    step = {"allOf": [step]}
schema = compile_schema({"type": ["array", "integer"], "items": step})
value = "x"
for _ in range(64):
    value = [value]
faults = []
thread = Thread(target=lambda: faults.extend(schema.faults(value)))
thread.start()
thread.join()
print(len(faults[0]["loc"]))
"""


def test_the_deepest_value_with_a_deep_schema_does_not_end_the_process():
    ended = subprocess.run([sys.executable, "-c", DEEPEST], capture_output=True, text=True, check=True)
    assert ended.stdout == "64\n"


def recorded(monkeypatch):
    """Return a list that gets each document that is compiled; the document stands for its schema."""
    compiled: list[dict[str, int]] = []

    def record(document):
        compiled.append(document)
        return document

    monkeypatch.setattr(schemas, "compile_schema", record)
    return compiled


def test_a_schema_is_compiled_once_a_revision_by_however_many_threads(monkeypatch):
    compiled = recorded(monkeypatch)
    cache, barrier = Schemas(), Barrier(8)
    answers: list[object] = []

    def ask():
        barrier.wait()
        answers.extend(cache.of("render", revision, "parameters", {"title": revision}) for revision in (1, 2))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["{'title': 1}"] * 8 + ["{'title': 2}"] * 8
    assert sorted(each["title"] for each in compiled) == [1, 2]


def test_the_schema_that_was_not_used_for_longest_is_let_go(monkeypatch):
    compiled = recorded(monkeypatch)
    cache = Schemas(most=2)
    for kind in ("a", "b", "a", "c", "a", "b"):
        cache.of(kind, 1, "parameters", kind)
    assert compiled == ["a", "b", "c", "b"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))
SCHEMAS = st.recursive(
    st.booleans()
    | st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "object", "array", "null"])})
    | st.fixed_dictionaries({"const": VALUES})
    | st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=3)})
    | st.fixed_dictionaries({"$ref": st.sampled_from(["#", "#/items", "#/properties/a", "#/allOf/0"])})
    | st.fixed_dictionaries({"pattern": st.sampled_from(["^a", "(a|b)*c", "(?=a)", "["])}),
    lambda inner: (
        st.dictionaries(st.sampled_from(["items", "not", "contains", "if", "then"]), inner, max_size=3)
        | st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=3), "unevaluatedProperties": inner})
        | st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from(["a", "b"]), inner)})
    ),
    max_leaves=8,
)


@given(SCHEMAS, VALUES)
def test_any_schema_is_refused_as_invalid_or_judges_any_value(document, value):
    try:
        schema = compile_schema(document)
    except Invalid:
        return
    assert all(fault["loc"][0] == "result" and fault["msg"] for fault in schema.faults(value, ["result"]))
