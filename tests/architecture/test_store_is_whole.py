"""The store is whole once `open_store` has returned: nothing is added to a part later."""

import ast
from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from job_service.app import create_app
from job_service.families import STORES
from job_service.settings import Settings

PACKAGE = Path(__file__).parents[2] / "job_service"
#: Where parts are put together.
COMPOSITION = ["app.py", "startup.py", "families.py", "mongo/store.py", "*/family.py", "*/store.py"]
ADDING = {"add", "append", "appendleft", "extend", "insert", "setdefault", "update"}
MUTABLE = (MutableMapping, MutableSequence, MutableSet)


@pytest.fixture(scope="module")
def store():
    made = create_app(Settings.from_environment({})).extensions["job_service.store"]
    yield made
    made.database.client.close()


def public(value: object) -> dict[str, object]:
    """The public attributes of a value, and what they hold."""
    names = [field.name for field in fields(value)] if is_dataclass(value) else vars(value)
    return {name: getattr(value, name) for name in names if not name.startswith("_")}


def trees(*patterns: str) -> Iterator[tuple[str, ast.AST]]:
    for pattern in patterns:
        for path in PACKAGE.glob(pattern):
            yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text())


def owner(place: ast.expr) -> str | None:
    """The variable at the left end of `a.b.c`, where there is one."""
    while isinstance(place, ast.Attribute):
        place = place.value
    return place.id if isinstance(place, ast.Name) else None


def changed(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Every attribute that is assigned, or that a method adds something to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ADDING:
            place = node.func.value
            if isinstance(place, ast.Attribute):
                yield place


def test_no_part_has_a_public_attribute_that_something_could_be_added_to(store):
    parts = {name: part for name, part in public(store).items() if type(part).__module__.startswith("job_service.")}
    assert len(parts) > 15
    found = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, held in public(part).items()
        if isinstance(held, MUTABLE)
    ]
    assert found == []


def test_what_a_family_hands_in_can_not_be_added_to():
    given = [value for family in STORES for value in public(family).values()]
    listed = [models for family in STORES for models in family.indexes.values()]
    assert not [value for value in (*given, *listed) if isinstance(value, MutableSequence | MutableSet)]


def test_where_parts_are_put_together_none_is_changed_but_flask_s():
    found = [
        f"{file}:{place.lineno} {ast.unparse(place)}"
        for file, tree in trees(*COMPOSITION)
        for place in changed(tree)
        if owner(place) not in {"self", "app"}
    ]
    assert found == []
