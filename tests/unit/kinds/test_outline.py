import pytest

from job_service.kinds.outline import Line, limits, outline


def test_a_schema_is_a_line_for_each_property_in_words():
    schema = {
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "description": "Where it is", "pattern": "^/"},
            "size": {"type": "object", "properties": {"width": {"$ref": "#/$defs/side"}}},
            "steps": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
            "format": {"enum": ["webp", 1], "default": "webp", "title": "The format"},
            "any": True,
        },
        "$defs": {"side": {"type": ["integer", "null"], "minimum": 16, "maximum": 4096}},
    }
    assert outline(schema) == (
        Line("url", "text", "as ^/", "Where it is", required=True),
        Line("size", "object", "", "", required=False),
        Line("size.width", "integer or nothing", "16 to 4096", "", required=False),
        Line("steps", "list of object", "", "", required=False),
        Line("steps[].name", "text", "", "", required=False),
        Line("format", "webp, 1", 'else "webp"', "The format", required=False),
        Line("any", "anything", "", "", required=False),
    )


@pytest.mark.parametrize("schema", [None, True, {}, {"type": "object"}, {"$ref": "#"}, {"$ref": "#/$defs/none"}])
def test_a_schema_without_properties_has_no_lines(schema):
    assert outline(schema) == ()


def test_a_schema_that_contains_itself_or_is_huge_ends():
    assert len(outline({"properties": {"child": {"$ref": "#"}}})) == 4
    assert len(outline({"properties": {f"p{number}": {"type": "string"} for number in range(500)}})) == 200


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minimum": 1}, "at least 1"),
        ({"maximum": 1}, "at most 1"),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, "over 0, below 1"),
        ({"minLength": 1, "maxLength": 2}, "at least 1 characters, at most 2 characters"),
        ({"maxItems": 3, "uniqueItems": True}, "at most 3 items, each once"),
        ({"multipleOf": 2, "format": "email"}, "a multiple of 2, email"),
        ({}, ""),
    ],
)
def test_limits_are_words(schema, words):
    assert limits(schema) == words
