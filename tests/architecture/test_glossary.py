"""The glossary says where each term is in the code, and that place exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = " ".join((ROOT / "docs" / "glossary.md").read_text().split())
NAME = r"`([A-Za-z.]+)`"
PLACES = [
    (name, path)
    for first, second, path in re.findall(rf"(?:{NAME} and )?{NAME} in `([\w/]+\.py)`", GLOSSARY)
    for name in (first, second)
    if name
]
FOLDERS = re.findall(r"`(\w+/)`", GLOSSARY)


def defined(path):
    """Return the names of a module: its own, and those of its classes as `Class.field`."""
    body = ast.parse((ROOT / "job_service" / path).read_text()).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    return names(body) | {f"{one.name}.{name}" for one in classes for name in names(one.body)}


def names(body):
    defined = {node.name for node in body if hasattr(node, "name")}
    annotated = [node.target for node in body if isinstance(node, ast.AnnAssign)]
    assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return defined | {target.id for target in (*annotated, *assigned) if isinstance(target, ast.Name)}


def test_the_glossary_names_places_in_the_code():
    assert len(PLACES) >= 15
    assert len(FOLDERS) >= 5


@pytest.mark.parametrize(("name", "path"), PLACES, ids=lambda part: part)
def test_each_place_exists(name, path):
    assert name in defined(path)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_exists(folder):
    assert (ROOT / "job_service" / folder).is_dir()


def test_each_term_has_one_paragraph():
    terms = re.findall(r"\*\*([^*]+)\.\*\*", GLOSSARY)
    assert len(terms) >= 10
    assert len(terms) == len(set(terms))
