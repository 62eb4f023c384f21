"""Of one item of a list, what is JSON and cannot be stored is left in its place, as its fault; nothing else is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_service.web import parsing
from job_service.web.parsing import InvalidBody
from job_service.web.storable import MAX_NODES, Fault
from tests.unit.web.test_parsing import assert_refused, json_objects, nested, outcome, parse


def parse_items(body):
    return parse(body, items="list")


@pytest.mark.parametrize(
    ("item", "message", "loc"),
    [
        ('{"t": 1%s}' % ("0" * 30), "Number out of range: an integer has 64 bits", ("t",)),
        ("-1e400", "Number out of range: a double ends at 1.8e308", ()),
        (r'{"t": ["\ud800"]}', "Not valid Unicode", ("t", 0)),
        (r'{"\ud800": 1}', "A key is not valid Unicode", ("?",)),
        (r'{"a\u0000": 1}', "A key must not contain NUL", ("a\0",)),
        ('{"t": 1, "t": 2}', "Duplicate key: t", ("t",)),
        (f'{{"t": {nested(62)}}}', "Nested too deeply (64 at most)", ("t", *("a",) * 61)),
        (
            '{"t": %s}' % ("[" * 5_000 + '"]", {}, {"a": [' + "]}" + "]" * 5_000),
            "Nested too deeply (64 at most)",
            ("t", *(0,) * 61),
        ),
        ("[" * 63 + "]" * 63, "Nested too deeply (64 at most)", (0,) * 62),
    ],
    ids=range(9),
)
def test_the_others_are_read_as_ever(item, message, loc):
    body = f'{{"list": [{{"a": 6e23}}, {item}, {item}, 3], "b": {{}}}}'
    read = parse_items(body)
    fault = Fault(message, loc)
    assert read == {"list": [{"a": 6e23}, fault, fault, 3], "b": {}}


@pytest.mark.parametrize(
    "body",
    [
        '{"list": [1, NaN]}',
        '{"list": [1, {"a": [Infinity]}]}',
        '{"list": [1}',
        '{"list": [1, %s' % ("[" * 100),
        '{"list": [1, %s]}' % ("[" * 100 + "]" * 99),
        '{"list": [1], "list": [1]}',
        '{"list": [1], "b": 1e400}',
        f'{{"list": [1], "b": {nested(64)}}}',
        f'{{"list": {{"0": {nested(63)}}}}}',
    ],
)
def test_a_fault_outside_of_the_items_is_one_of_the_body(body):
    with pytest.raises(InvalidBody):
        parse(body, items="list")


@pytest.mark.parametrize("levels", [1, 61, 62])
def test_an_item_may_be_as_deep_as_anywhere(levels):
    body = f'{{"list": [{nested(levels)}, 1e400]}}'
    assert parse(body, items="list")["list"][0] == json.loads(nested(levels))


def test_more_brackets_than_values_are_not_looked_into():
    assert_refused('{"list": [%s' % ("[" * 200_000), "Nested too deeply (64 at most)", items="list")


@given(json_objects, st.booleans())
def test_fast_and_exact_reading_agree(value, ensure_ascii):
    body = json.dumps({"list": [value, value]}, ensure_ascii=ensure_ascii).encode(errors="surrogatepass")
    assert outcome(parse_items, body) == outcome(parsing.parse_exactly, body, MAX_NODES, "list")
