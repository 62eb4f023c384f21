import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.kinds.form import FormField, form_fields, parameters_of, takes_others
from job_service.kinds.pointers import write_pointer
from job_service.lifecycle.errors import Invalid

FIELDS = form_fields(
    {
        "type": "object",
        "required": ["name", "frames"],
        "properties": {
            "name": {"type": "string", "title": "Name", "description": "What it is called"},
            "color": {"type": "string", "enum": ["red", "blue"], "default": "blue"},
            "start": {"type": "string", "format": "date-time"},
            "frames": {"type": "integer", "default": 24},
            "scale": {"type": "number"},
            "draft": {"type": "boolean", "default": False},
            "layers": {"type": "array", "default": [1]},
            "either": {"type": ["string", "null"]},
            "level": {"enum": [1, 2]},
            "any": True,
        },
    }
)


def by_pointer(typed):
    return {write_pointer([name]): text for name, text in typed.items()}


def test_each_property_is_a_field_of_the_input_that_its_type_asks_for():
    assert {field.name: field.input for field in FIELDS} == {
        "name": "text", "color": "choice", "start": "time", "frames": "integer", "scale": "number", "draft": "yes-no",
        "layers": "json", "either": "json", "level": "json-choice", "any": "json",
    }  # fmt: skip


def test_a_field_says_what_the_schema_says():
    name, color = FIELDS[:2]
    assert name == FormField("name", "Name", "What it is called", "text", (), "", required=True)
    assert color == FormField("color", "color", "", "choice", ("red", "blue"), "blue", required=False)
    assert [field.default for field in FIELDS[3:7]] == ["24", "", "false", "[1]"]


@pytest.mark.parametrize("schema", [None, True, {}, {"type": "object"}])
def test_a_schema_without_properties_has_no_fields(schema):
    assert form_fields(schema) == ()


def test_what_was_typed_becomes_parameters_and_empty_fields_are_left_out():
    typed = {"name": "a", "frames": "3", "scale": "0.5", "draft": "true", "layers": '["x"]', "color": "", "start": " "}
    assert parameters_of(FIELDS, by_pointer(typed)) == {
        "name": "a",
        "frames": 3,
        "scale": 0.5,
        "draft": True,
        "layers": ["x"],
    }


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("color", "green", "none of the choices"), ("frames", "1.5", "no integer"), ("frames", "x", "no integer"),
        ("frames", "true", "no integer"), ("scale", '"1"', "no number"), ("draft", "1", "neither true nor false"),
        ("any", "{", "not JSON"), ("any", "[" * 5_000, "not JSON"), ("name", " ", "required"),
    ],
)  # fmt: skip
def test_what_was_mistyped_is_refused_with_its_place(name, text, words):
    with pytest.raises(Invalid, match=words) as refused:
        parameters_of(FIELDS, by_pointer({"name": "a", "frames": "1", name: text}))
    assert [fault["loc"] for fault in refused.value.faults] == [["parameters", name]]


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(Invalid) as refused:
        parameters_of(FIELDS, by_pointer({"frames": "x", "any": "{"}))
    assert [fault["loc"][1] for fault in refused.value.faults] == ["name", "frames", "any"]


@given(
    st.dictionaries(
        st.text(min_size=1),
        st.fixed_dictionaries({"type": st.just("integer"), "default": st.integers(-(2**63), 2**63 - 1)})
        | st.fixed_dictionaries({"type": st.just("string"), "default": st.text(min_size=1).filter(str.strip)})
        | st.fixed_dictionaries({"type": st.just("boolean"), "default": st.booleans()})
        | st.fixed_dictionaries({"default": st.lists(st.none() | st.text())}),
    )
)
def test_a_form_sent_as_it_was_shown_gives_the_defaults(properties):
    fields = form_fields({"properties": properties})
    shown = by_pointer({field.name: field.default for field in fields})
    assert parameters_of(fields, shown) == {name: each["default"] for name, each in properties.items()}


NESTED = {
    "$ref": "#/$defs/job",
    "$defs": {
        "side": {"type": "integer", "minimum": 16, "maximum": 4096},
        "job": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {
                    "type": "object",
                    "required": ["width"],
                    "properties": {"width": {"$ref": "#/$defs/side", "default": 100}, "a/b~": {"type": "number"}},
                },
                "crop": {
                    "type": "object",
                    "required": ["x"],
                    "properties": {"x": {"$ref": "#/$defs/side"}, "y": {"type": "integer", "default": 7}},
                },
                "tags": {"type": "array", "items": {"type": "string"}, "default": ["a", "b"]},
                "pages": {"type": "array", "items": {"type": "integer"}},
                "deep": {
                    "type": "object",
                    "properties": {
                        "a": {"type": "object", "properties": {"b": {"type": "object", "properties": {"c": {}}}}}
                    },
                },
                "note": {"type": "string", "maxLength": 5000},
                "version": {"const": 2},
                "mixed": {"enum": ["", 1, None]},
            },
        },
    },
}


def nested():
    return {field.name: field for field in form_fields(NESTED)}


def test_objects_are_groups_and_lists_of_simple_values_are_lines():
    fields = nested()
    assert {name: field.input for name, field in fields.items()} == {
        "size": "group", "crop": "group", "tags": "lines", "pages": "lines", "deep": "group", "note": "paragraph",
        "version": "json-choice", "mixed": "json-choice",
    }  # fmt: skip
    assert [field.name for field in fields["size"].fields] == ["width", "a/b~"]
    assert fields["tags"].default == "a\nb"
    assert fields["mixed"].choices == ('""', "1", "null")
    [inner] = fields["deep"].fields
    assert (inner.input, inner.fields[0].input) == ("group", "json")


def test_a_field_shows_its_default_only_where_it_would_be_sent_by_itself():
    fields = nested()
    assert (fields["size"].fields[0].default, fields["size"].fields[0].hint) == ("100", "16 to 4096")
    assert (fields["crop"].fields[1].default, fields["crop"].fields[1].hint) == ("", "else 7")


def test_what_was_typed_into_groups_and_lines_becomes_objects_and_lists():
    typed = {
        "/size/width": "100", "/size/a~1b~0": "0.5", "/tags": "one\r\n two words \r\n\r\n", "/pages": "1\n2",
        "/deep/a/b": '{"c": []}', "/version": "2", "/mixed": '""', "/crop/x": " ",
    }  # fmt: skip
    assert parameters_of(form_fields(NESTED), typed) == {
        "size": {"width": 100, "a/b~": 0.5}, "tags": ["one", "two words"], "pages": [1, 2],
        "deep": {"a": {"b": {"c": []}}}, "version": 2, "mixed": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "loc"),
    [
        ({}, ["size", "width"]),
        ({"/size/width": "x"}, ["size", "width"]),
        ({"/size/width": "1", "/crop/y": "1"}, ["crop", "x"]),
        ({"/size/width": "1", "/pages": "1\nx"}, ["pages"]),
        ({"/size/width": "1", "/mixed": "2"}, ["mixed"]),
        ({"/size/width": "1", "/deep/a/b": '{"c": 1, "c": 2}'}, ["deep", "a", "b"]),
        ({"/size/width": "9" * 5_000}, ["size", "width"]),
        ({"/size/width": "1", "": "[1]"}, []),
        ({"/size/width": "1", "": "{"}, []),
    ],
)
def test_each_fault_is_at_the_place_of_its_field(typed, loc):
    with pytest.raises(Invalid) as refused:
        parameters_of(form_fields(NESTED), typed)
    assert [fault["loc"] for fault in refused.value.faults] == [["parameters", *loc]]


def test_other_parameters_are_an_object_beside_the_fields():
    assert parameters_of(form_fields(NESTED), {"/size/width": "1", "": '{"user": 12345678901234567890}'}) == {
        "size": {"width": 1}, "user": 12345678901234567890,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "verdict"),
    [
        (None, True), ({}, True), ({"additionalProperties": False}, False), (NESTED, True),
        ({"unevaluatedProperties": False}, False), ({"additionalProperties": {"type": "string"}}, True),
    ],
)  # fmt: skip
def test_whether_there_may_be_other_parameters_is_what_the_schema_says(schema, verdict):
    assert takes_others(schema) is verdict


def test_a_schema_that_contains_itself_has_a_form_that_ends():
    tree = {"type": "object", "properties": {"name": {"type": "string"}, "child": {"$ref": "#"}}}
    [_, child] = form_fields(tree)
    assert child.fields[1].input == "json" or child.fields[1].fields[1].input == "json"
