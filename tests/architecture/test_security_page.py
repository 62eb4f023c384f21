"""The table of what was tried names every row, and only tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security-matrix.md"


def rows():
    return [line.split(" | ") for line in PAGE.read_text().splitlines() if re.match(r"\| \d+ \|", line)]


def test_every_row_is_there_once_and_in_order():
    assert [int(row[0].strip("| ")) for row in rows()] == list(range(1, 80))


def test_each_row_names_tests_that_there_are():
    files: dict[str, list[Path]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        files.setdefault(path.name, []).append(path)
    for row in rows():
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row[-1])
        assert named, row
        for path, test in named:
            there = [each for each in files.get(Path(path).name, []) if each.as_posix().endswith(f"/{path}")]
            assert any(f"def {test}(" in each.read_text() for each in there), (row[0], path, test)
