"""The description can be turned into a client: no two names become one, and no answer is read as a smaller one."""

import re
from collections import Counter
from itertools import combinations, permutations

import jsonschema_rs
import pytest

#: What generators of several languages leave out of a name, or write in their own way.
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")
METHODS = ("get", "put", "post", "patch", "delete")


def name_of(*parts):
    """Bring names to the form in which generators of several languages make them meet."""
    return _BETWEEN_WORDS.sub("", "".join(parts).lower())


def meeting(names):
    return [name for name, times in Counter(map(name_of, names)).items() if times > 1]


@pytest.fixture
def document(http):
    return http.get("/openapi/openapi.json").json


@pytest.fixture
def models(document):
    return document["components"]["schemas"]


@pytest.fixture
def operations(document):
    return [operation for path in document["paths"].values() for method, operation in path.items() if method in METHODS]


def schemas_in(value):
    """Give every object of a piece of the description."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from schemas_in(inner)


def implied(schema):
    """Whether generators make a class of their own for a schema that stands inside another."""
    return "enum" in schema or "properties" in schema or len([kind for kind in members(schema) if "type" in kind]) > 1


def members(schema):
    """Give the schemas that a union chooses from, but for null."""
    return [kind for kind in schema.get("anyOf", schema.get("oneOf", [])) if kind.get("type") != "null"]


def inner_classes(name, schema):
    """Give the names of the classes for what stands inside of a schema: of its fields, and of the items of these."""
    for field, kind in schema.get("properties", {}).items():
        for each in (kind, kind.get("items", {}), *members(kind)):
            if implied(each):
                yield f"{name} {field}"
                break


def test_no_two_classes_meet(models, operations):
    names = list(models)
    for name, schema in models.items():
        names += inner_classes(name, schema)
    for operation in operations:
        for parameter in operation["parameters"]:
            names += [operation["operationId"] + parameter["name"]] if implied(parameter["schema"]) else []
    assert meeting(names) == []
    assert [name for name in models if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []


def test_no_two_values_of_an_enumeration_meet(document):
    for schema in schemas_in(document):
        if isinstance(schema.get("enum"), list):
            assert meeting(map(str, schema["enum"])) == []
            assert len({type(value) for value in schema["enum"]}) == 1


def test_no_two_operations_meet_and_no_two_of_their_parameters(operations):
    assert meeting(operation["operationId"] for operation in operations) == []
    for operation in operations:
        assert meeting(parameter["name"] for parameter in operation["parameters"]) == []


def test_no_two_fields_of_a_schema_meet(document):
    for schema in schemas_in(document):
        assert meeting(schema.get("properties", {})) == []


def resolved(document, schema):
    reference = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][reference] if reference else schema


def test_no_alternative_of_an_answer_also_fits_another_one(document, operations):
    """Generated clients take the first that fits; fields that it does not know are lost."""
    for union in unions_of_answers(document, operations):
        kinds = [resolved(document, kind) for kind in members(union)]
        objects = [kind for kind in kinds if kind.get("type") == "object"]
        for one, other in permutations(objects, 2):
            assert set(one.get("required", ())) - set(other.get("properties", {})), (one, other)
        for one, other in combinations([kind for kind in kinds if kind not in objects], 2):
            assert {one.get("type"), other.get("type")} != {"integer", "number"}


def unions_of_answers(document, operations):
    seen = []
    waiting = [answer for operation in operations for answer in operation["responses"].values()]
    while waiting:
        for schema in schemas_in(waiting.pop()):
            if members(schema):
                yield schema
            if (referred := resolved(document, schema)) is not schema and referred not in seen:
                seen.append(referred)
                waiting.append(referred)


def test_no_number_is_described_twice(document):
    """A whole number is a number; generators make a class of the two."""
    for schema in schemas_in(document):
        assert not {"integer", "number"} <= {kind.get("type") for kind in members(schema) if kind.keys() == {"type"}}


def test_fields_that_are_not_described_arrive_all_the_same(models):
    for schema in models.values():
        assert schema.get("type") != "object" or "additionalProperties" in schema


def test_every_answer_says_what_it_is(operations):
    for operation in operations:
        for answer in operation["responses"].values():
            assert all(content["schema"] for content in answer["content"].values())


def test_every_example_is_what_its_schema_says(document, operations):
    for operation in operations:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = {**content["schema"], "components": document["components"]}
            assert jsonschema_rs.is_valid(schema, content.get("example", {})) or "example" not in content
