import json

import pytest

from job_service.worker.sandbox.program import UnusableProgram, encode


def test_the_document_has_the_program_and_its_input():
    assert json.loads(encode("print(a)", {"a": [1, None, "é"]})) == {"code": "print(a)", "input": {"a": [1, None, "é"]}}


@pytest.mark.parametrize("name", ["a", "_", "_b", "print", "é", "match"])
def test_names_of_variables_are_taken(name):
    assert encode("", {name: 1})


@pytest.mark.parametrize(
    ("name", "variable"),
    [("nº", "no"), ("µ", "\u03bc"), ("cafe\u0301", "caf\u00e9"), ("\ufb01x", "fix"), ("\uff58\uff11", "x1")],
)
def test_a_name_is_the_one_that_python_makes_of_it(name, variable):
    assert json.loads(encode("", {name: 1}))["input"] == {variable: 1}
    with pytest.raises(UnusableProgram, match="same variable"):
        encode("", {name: 1, variable: 2})


@pytest.mark.parametrize(
    "name",
    [
        "\uff49\uff46",
        "\uff43lass",
        "_\uff3fname__",
        "\u037a",
        "",
        " ",
        "a b",
        "a-b",
        "1a",
        "class",
        "None",
        "__name__",
        "__x",
        "a\0",
        1,
        None,
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(UnusableProgram, match="cannot be a variable"):
        encode("", {name: 1})


def test_a_long_name_is_not_repeated_in_full():
    with pytest.raises(UnusableProgram) as refusal:
        encode("", {"x y" * 10_000: 1})
    assert len(str(refusal.value)) < 150


def nested(depth):
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {1, 2}, b"x", nested(100_000)],
    ids=["nan", "infinity", "a set", "bytes", "too deep"],
)
def test_what_is_not_json_is_refused(value):
    with pytest.raises(UnusableProgram, match=r"^The input is not JSON\.$"):
        encode("", {"a": value})
