import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.kinds.form import FormField, form_fields, parameters_of
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


def test_each_property_is_a_field_of_the_input_that_its_type_asks_for():
    assert {field.name: field.input for field in FIELDS} == {
        "name": "text", "color": "choice", "start": "time", "frames": "integer", "scale": "number", "draft": "yes-no",
        "layers": "json", "either": "json", "level": "json", "any": "json",
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
    assert parameters_of(FIELDS, typed) == {"name": "a", "frames": 3, "scale": 0.5, "draft": True, "layers": ["x"]}


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
        parameters_of(FIELDS, {"name": "a", "frames": "1", name: text})
    assert [fault["loc"] for fault in refused.value.faults] == [["parameters", name]]


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(Invalid) as refused:
        parameters_of(FIELDS, {"frames": "x", "any": "{"})
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
    shown = {field.name: field.default for field in fields}
    assert parameters_of(fields, shown) == {name: each["default"] for name, each in properties.items()}
