import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.kinds.pointers import canonical_text, key_text, parse_pointer, resolve

# The document and the pointers of RFC 6901, section 5.
RFC = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", RFC), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3),
        ("/g|h", 4), ("/i\\j", 5), ('/k"l', 6), ("/ ", 7), ("/m~0n", 8),
    ],
)  # fmt: skip
def test_a_pointer_leads_where_the_standard_says(text, value):
    assert resolve(parse_pointer(text), RFC) == value


@pytest.mark.parametrize("text", ["/none", "/foo/2", "/foo/-", "/foo/01", "/foo/-1", "/foo/0/x", "/foo/bar", "/foo/²"])
def test_a_pointer_to_nothing_leads_to_none(text):
    assert resolve(parse_pointer(text), RFC) is None


@pytest.mark.parametrize(
    ("text", "words"), [("foo", "starts with /"), ("/~2", "~0"), ("/a~", "~0"), ("/" * 600, "512 characters")]
)
def test_a_malformed_pointer_is_refused_with_a_sentence(text, words):
    with pytest.raises(ValueError, match=words):
        parse_pointer(text)


@given(st.lists(st.text(max_size=5), max_size=4))
def test_any_name_can_be_pointed_to(names):
    value: object = "there"
    for name in reversed(names):
        value = {name: value}
    text = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    assert resolve(parse_pointer(text), value) == "there"


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (0, -0.0), ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1.0}), (10**18, 1e18), (-(2**63), -(2.0**63))],
)
def test_equal_values_have_one_text(one, other):
    assert canonical_text(one) == canonical_text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, "1"), (1, True), (0, False), (None, "null"), ([], {}), ("a", ["a"]), ("", None), (1, 1.5),
        ("x" * 300, "x" * 301), (2**53, 2**53 + 1), (2.0**53, 2**53 + 1), (2**63 - 1, 2.0**63), ("#a", "a"),
    ],
)  # fmt: skip
def test_different_values_have_different_texts(one, other):
    assert canonical_text(one) != canonical_text(other)


def test_the_text_of_a_long_value_is_short():
    assert len(canonical_text({"a": ["long"] * 10_000})) == 65


@pytest.mark.parametrize(("value", "text"), [("a b", "a b"), (7, "7"), (-1, "-1"), ("x" * 200, "x" * 200)])
def test_a_key_is_a_text_or_an_integer(value, text):
    assert key_text(value) == text


@pytest.mark.parametrize("value", [True, 1.5, [], {}, None, "", "x" * 201])
def test_what_is_no_key_is_refused_with_a_sentence(value):
    with pytest.raises(ValueError, match="a key"):
        key_text(value)
