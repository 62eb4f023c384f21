"""What gets in as JSON is exactly what was written, and can be stored; the rest is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.web import parsing
from job_service.web.parsing import BodyTooLarge, InvalidBody, UnsupportedMediaType, check_storable, parse_json
from job_service.web.storable import MAX_NODES


def parse(body, **limits):
    return parse_json(body if isinstance(body, bytes) else body.encode(), "application/json", **limits)


def nested(levels):
    """An object whose innermost container is that many levels deep."""
    return '{"a":' * levels + "1" + "}" * levels


def assert_refused(body, message, loc=(), **limits):
    with pytest.raises(InvalidBody) as caught:
        parse(body, **limits)
    assert caught.value.message == str(caught.value) == message
    assert caught.value.loc == loc


class TestHeaders:
    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "Application/JSON", "application/json; charset=utf-8", " application/json ;x"],
    )
    def test_json_is_taken(self, content_type):
        assert parse_json(b"{}", content_type) == {}

    @pytest.mark.parametrize(
        "content_type",
        [None, "", "text/plain", "application/x-www-form-urlencoded", "application/json5", "text/json", "application"],
    )
    def test_anything_else_is_not(self, content_type):
        with pytest.raises(UnsupportedMediaType, match="must be application/json"):
            parse_json(b"{}", content_type)

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
    def test_a_compressed_body_is_not_inflated(self, encoding):
        with pytest.raises(UnsupportedMediaType, match="must not be compressed"):
            parse_json(b"{}", "application/json", encoding)

    @pytest.mark.parametrize("encoding", [None, "", "identity", "Identity"])
    def test_a_plain_body_may_say_so(self, encoding):
        assert parse_json(b"{}", "application/json", encoding) == {}

    def test_a_byte_over_the_limit_is_too_large(self):
        assert parse(b"{} ", limit=3) == {}
        with pytest.raises(BodyTooLarge, match="3 bytes at most"):
            parse(b"{}  ", limit=3)


class TestSyntax:
    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ("", "line 1 column 1: Expecting value"),
            ('{"a":', "line 1 column 6: Expecting value"),
            ('{"a": 1', "line 1 column 8: Expecting ',' delimiter"),
            ('{"a": "x', "line 1 column 7: Unterminated string starting at"),
            ('{"a": "x\\', "line 1 column 7: Unterminated string starting at"),
            ('{\n"a": 01}', "line 2 column 7: Expecting ',' delimiter"),
            ('{"a": 1} x', "line 1 column 10: Extra data"),
            ('{"a": "\n"}', "line 1 column 8: Invalid control character at"),
            (b'{"a": "\xe5"}', "byte 8 is not UTF-8"),
            (b'{"a": "\xed\xa0\x80"}', "byte 8 is not UTF-8"),
            (b'\xef\xbb\xbf{"a": 1}', "byte 1 starts a byte order mark"),
            ('{"a": 1}'.encode("utf-16"), "byte 1 is not UTF-8"),
            ('{"a": 1}'.encode("utf-32"), "byte 1 is not UTF-8"),
        ],
    )
    def test_what_is_no_json_is_refused_with_the_place(self, body, where):
        assert_refused(body, f"The body is not valid JSON: {where}")

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
    def test_other_encodings_are_refused_without_a_mark_too(self, encoding):
        with pytest.raises(InvalidBody, match="The body is not valid JSON: "):
            parse('{"a": 1}'.encode(encoding))

    @pytest.mark.parametrize("body", ["[]", '"x"', "1", "null", "true", '[{"a": 1}]'])
    def test_a_body_that_is_no_object_is_refused(self, body):
        assert_refused(body, "The body must be an object")

    @pytest.mark.parametrize("body", [nested(65), nested(190), nested(5000), "[" * 100_000, '{"a":' + "[" * 1025])
    def test_deep_nesting_is_refused(self, body):
        with pytest.raises(InvalidBody, match=r"^Nested too deeply \(64 at most\)$"):
            parse(body)

    @pytest.mark.parametrize("levels", [1, 2, 63, 64])
    def test_nesting_up_to_64_is_taken(self, levels):
        assert parse(nested(levels)) == json.loads(nested(levels))

    def test_brackets_in_strings_do_not_nest(self):
        text = "[" * 100 + '\\"{' * 100 + "\\\\"
        body = f'{{"a": "{text}", "b": [1e400]}}'
        assert_refused(body, "Number out of range: a double ends at 1.8e308", ("b", 0))


class TestNumbers:
    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
    def test_what_is_no_number_of_json_is_refused(self, number):
        assert_refused(f'{{"a": [0, {number}]}}', "Not a JSON number", ("a", 1))

    @pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400 + ".0"])
    def test_what_no_double_can_be_is_refused(self, number):
        assert_refused(f'{{"a": [0, {number}]}}', "Number out of range: a double ends at 1.8e308", ("a", 1))

    @pytest.mark.parametrize(
        "number",
        [2**63, -(2**63) - 1, 2**64, -(2**64), 10**30, "1" * 20, "1" * 21, "1" * 5000, "1" * 400],
    )
    def test_an_integer_that_does_not_fit_64_bits_is_refused(self, number):
        message = "Number out of range: an integer has 64 bits"
        assert_refused(f'{{"a": {{"b": {number}}}}}', message, ("a", "b"))

    @pytest.mark.parametrize(
        "number",
        [
            2**63 - 1,
            -(2**63),
            2**53 + 1,
            0,
            -0.0,
            1.0,
            1.5,
            5e-324,
            9.3e18,
            6.02214076e23,
            -1e300,
            1.7976931348623157e308,
        ],
    )
    def test_other_numbers_stay_what_they_are(self, number):
        (taken,) = parse(f'{{"a": {number}}}').values()
        assert (repr(taken), type(taken)) == (repr(number), type(number))

    @pytest.mark.parametrize(
        ("spelled", "double"), [("1E5", 1e5), ("1e-400", 0.0), ("-1e-400", -0.0), ("-0.0e5", -0.0)]
    )
    def test_any_spelling_of_a_double_is_taken(self, spelled, double):
        (taken,) = parse(f'{{"a": {spelled}}}').values()
        assert repr(taken) == repr(double)


class TestStringsAndKeys:
    @pytest.mark.parametrize(("escape", "where"), [(r"\ud800", "a"), (r"x\udc00\ud800", "a")])
    def test_half_a_surrogate_pair_is_refused(self, escape, where):
        assert_refused(f'{{"{where}": "{escape}"}}', "Not valid Unicode", (where,))

    def test_half_a_surrogate_pair_in_a_key_is_refused(self):
        assert_refused(r'{"\ud800": 1}', "A key is not valid Unicode", ("?",))

    def test_text_is_kept_as_it_is(self):
        body = {"a": "\0 \u202e 😀 <script> $ne .", "$set": {"a.b": "", "": ":"}}
        assert parse(json.dumps(body)) == parse(json.dumps(body, ensure_ascii=False)) == body

    def test_nul_in_a_key_is_refused(self):
        assert_refused(r'{"a": {"b\u0000c": 1}}', "A key must not contain NUL", ("a", "b\0c"))

    @pytest.mark.parametrize("key", ["", ".", "$", "a.$b", "a" * 257, "å" * 129, "😀" * 65, "/folder" * 50_000])
    def test_a_key_may_be_as_long_and_odd_as_the_data_it_is(self, key):
        assert parse(json.dumps({"documents": {key: [{key: 1}]}})) == {"documents": {key: [{key: 1}]}}


class TestDuplicateKeys:
    @pytest.mark.parametrize(
        ("body", "loc"),
        [
            ('{"status": "completed", "status": "failed"}', ("status",)),
            ('{"status": 1, "b": 2, "status": 1}', ("status",)),
            (r'{"status": 1, "st\u0061tus": 1}', ("status",)),
            ('{"jobs": [{"a": 1}, {"b": {"status": {"x": 1}, "status" : 1}}]}', ("jobs", 1, "b", "status")),
            (r'{"a": ":", "b": "\u003A", "status": 1, "status": 1}', ("status",)),
            ('{"a:b": "12:30", "c": "\\": ", "status": ":", "status": "::"}', ("status",)),
        ],
    )
    def test_a_key_that_occurs_twice_is_refused(self, body, loc):
        assert_refused(body, "Duplicate key: status", loc)

    def test_the_same_key_in_other_objects_is_fine(self):
        body = '{"a": [{"a": 1}, {"a": {"a": "a:a"}}]}'
        assert parse(body) == json.loads(body)

    def test_a_long_key_is_cut_in_the_message(self):
        key = "k" * 1000
        shown = "k" * 64 + "…"
        assert_refused(f'{{"{key}": 1, "{key}": 1}}', f"Duplicate key: {shown}", (shown,))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**65) | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)
json_objects = st.dictionaries(st.text(max_size=5), json_values)


def outcome(read, *args):
    """What came of reading, in a form that tells 1 from 1.0 and from true."""
    try:
        return repr(read(*args))
    except InvalidBody as refusal:
        return (refusal.message, refusal.loc)


class TestManyValues:
    def test_as_many_values_as_allowed_are_taken_and_not_one_more(self):
        body = '{"jobs": [{"a": 1}, {"a": 2}]}'
        assert parse(body, max_nodes=6) == json.loads(body)
        assert_refused(body, "Too many values (5 at most)", max_nodes=5)

    def test_a_hundred_thousand_keys_are_too_many(self):
        body = json.dumps(dict.fromkeys(map(str, range(100_000))))
        assert_refused(body, "Too many values (100000 at most)", limit=10**7)

    def test_a_batch_of_ten_thousand_jobs_is_taken_where_the_limits_allow_it(self):
        job = {"operation": "ADD", "target": "A", "parameters": {"description": "12:30 Åse", "list": [1, 2.5, None]}}
        batch = {"jobs": [job] * 10_000}
        assert parse(json.dumps(batch), limit=10**7, max_nodes=10**6) == batch


class TestFastAndExactReadingAgree:
    """The body is read fast, and read exactly only where the fast way does not suffice."""

    @given(json_objects, st.booleans())
    def test_on_any_json(self, value, ensure_ascii):
        body = json.dumps(value, ensure_ascii=ensure_ascii).encode(errors="surrogatepass")
        assert outcome(parse, body) == outcome(parsing.parse_exactly, body, MAX_NODES)

    @given(json_objects, st.data())
    def test_on_json_with_pieces_put_in_its_place(self, value, data):
        body = json.dumps(value)
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, len(body)))
        piece = data.draw(st.sampled_from(['"', ":", ",", "{", "}", "[", "]", "\\", "1", "e", "-", " ", body]))
        body = body[:start] + piece + body[end:]
        encoded = body.encode(errors="surrogatepass")
        assert outcome(parse, encoded) == outcome(parsing.parse_exactly, encoded, MAX_NODES)

    @given(st.lists(st.tuples(st.text(':\\"a\u00e5', max_size=2), json_values), min_size=1, max_size=4))
    def test_on_objects_with_any_keys_twice(self, pairs):
        members = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs)
        body = f"{{{members}}}".encode()
        assert outcome(parse, body) == outcome(parsing.parse_exactly, body, MAX_NODES)

    @given(st.binary())
    def test_on_any_bytes(self, body):
        assert outcome(parse, body) == outcome(parsing.parse_exactly, body, MAX_NODES)

    def test_an_ordinary_batch_is_read_fast(self, monkeypatch):
        monkeypatch.delattr(parsing, "parse_exactly")
        jobs = [{"target": f"A{n}", "notBefore": "2026-01-01T10:00:00Z", "x": {"priority": n}} for n in range(100)]
        assert parse(json.dumps({"jobs": jobs})) == {"jobs": jobs}


class TestOtherValues:
    @pytest.mark.parametrize("value", [None, True, 1, 1.5, "å", [], {}, [{"a": [None, False]}]])
    def test_json_can_be_stored(self, value):
        check_storable(value)

    @pytest.mark.parametrize(
        ("value", "message", "loc"),
        [
            (float("nan"), "Not a JSON number", ()),
            (2**63, "Number out of range: an integer has 64 bits", ()),
            ("\ud800", "Not valid Unicode", ()),
            ({1: "x"}, "A key must be a string", (1,)),
            ({"a": [0, b"x"]}, "Not a JSON value", ("a", 1)),
            ({"a": {None: 1}}, "A key must be a string", ("a", "None")),
            ((1, 2), "Not a JSON value", ()),
        ],
    )
    def test_anything_else_is_refused_with_the_way_to_it(self, value, message, loc):
        with pytest.raises(InvalidBody) as caught:
            check_storable(value)
        assert (caught.value.message, caught.value.loc) == (message, loc)

    def test_a_value_too_deep_for_recursion_is_refused(self):
        value: list[object] = []
        for _ in range(100_000):
            value = [value]
        with pytest.raises(InvalidBody, match="Nested too deeply") as caught:
            check_storable(value)
        assert caught.value.loc == (0,) * 64

    def test_a_value_that_holds_itself_is_refused(self):
        value: dict[str, object] = {}
        value["a"] = value
        with pytest.raises(InvalidBody, match="Nested too deeply"):
            check_storable(value)
