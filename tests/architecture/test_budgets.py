"""Sizes, marks of unfinished work, and what tests may not do: the rules of CONTRIBUTING.md that a machine can see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = 300
FUNCTION_LINES = 40

Node = TypeVar("Node", bound=ast.AST)

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|pragma: no cover")
SUPPRESSED = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b(?P<rest>.*)")
CODE_AND_REASON = re.compile(r"(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[a-z-]+(,\s*[a-z-]+)*\])\W+\w+\W+\w+")


def sources(*folders: str) -> list[Path]:
    """All Python files below these folders but this one, which has to name what it looks for."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if path != Path(__file__))


def lines(*folders: str) -> Iterator[tuple[str, str]]:
    """Each line of the sources, with the place to look for it."""
    for path in sources(*folders):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


def nodes(kind: type[Node], *folders: str) -> Iterator[tuple[str, Node]]:
    """Each node of this kind in the sources' syntax trees, with the file it is in."""
    for path in sources(*folders):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kind):
                yield str(path.relative_to(ROOT)), node


def over(budget: int, sizes: dict[str, int]) -> dict[str, int]:
    return {name: size for name, size in sizes.items() if size > budget}


def test_the_sources_are_found():
    assert len(sources("job_service")) > 15
    assert len(sources("tests")) > 2


def test_no_file_is_longer_than_its_budget():
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources("job_service")}
    assert over(FILE_LINES, sizes) == {}


@pytest.mark.parametrize("kind", [ast.FunctionDef, ast.AsyncFunctionDef])
def test_no_function_is_longer_than_its_budget(kind):
    functions = nodes(kind, "job_service")
    assert (
        over(FUNCTION_LINES, {f"{file}:{node.name}": node.end_lineno - node.lineno + 1 for file, node in functions})
        == {}
    )


def test_nothing_is_marked_as_unfinished():
    assert [place for place, line in lines("job_service", "tests") if UNFINISHED.search(line)] == []


def unexplained(line: str) -> bool:
    found = SUPPRESSED.search(line)
    return found is not None and not CODE_AND_REASON.match(found["rest"].strip())


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("x = 1", False),
        ("import y  # noqa", True),
        ("import y  # noqa: F401", True),
        ("import y  # noqa: F401 - it registers itself", False),
        ("call(x)  # type: ignore", True),
        ("call(x)  # type: ignore[arg-type]", True),
        ("call(x)  # type: ignore[arg-type]  # the stubs lack it", False),
    ],
)
def test_a_suppression_counts_as_explained_only_with_its_code_and_a_reason(line, verdict):
    assert unexplained(line) is verdict


def test_every_suppressed_finding_says_why():
    assert [place for place, line in lines("job_service", "tests") if unexplained(line)] == []


def test_no_test_sleeps():
    calls = [
        f"{file}:{node.lineno}" for file, node in nodes(ast.Attribute, "tests") if ast.unparse(node) == "time.sleep"
    ]
    names = [
        f"{file}:{node.lineno}"
        for file, node in nodes(ast.ImportFrom, "tests")
        if "sleep" in {a.name for a in node.names}
    ]
    assert calls + names == []


def test_no_test_is_skipped_or_expected_to_fail():
    ways = {"skip", "skipif", "xfail", "importorskip"}
    assert [f"{file}:{node.lineno}" for file, node in nodes(ast.Attribute, "tests") if node.attr in ways] == []
