"""The words of docstrings: nouns before pronouns, one meaning a name. That there is a docstring, ruff says."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in sorted((ROOT / "job_service").rglob("*.py"))
}
#: A summary that begins so has its noun nowhere: "What a report does" is "The change of a document".
PRONOUN = re.compile(
    r"(What|Whatever|Who|Whoever|Whose|It|Its|They|Those|That|These|This) (?!machine|process|service|module)"
)
#: Names that each stood for several things, or for one that the field has a term for; docs/glossary.md has the terms.
RETIRED = {
    *("Audience", "Company", "Found", "Leg", "Lent", "News", "Part", "Parts", "Share", "Signals", "Sought", "Terms"),
    *("Gate", "Gates", "Move", "Telling", "tell", "telling", "telling_all", "told_of"),
}


def documented(tree):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [
        (getattr(node, "name", ""), ast.get_docstring(node) or "") for node in ast.walk(tree) if isinstance(node, kinds)
    ]


def public_names(tree):
    kinds = (ast.ClassDef, ast.FunctionDef)
    defined = {node.name for body in scopes(tree) for node in body if isinstance(node, kinds)}
    fields = (node.target for body in scopes(tree) for node in body if isinstance(node, ast.AnnAssign))
    return defined | {field.id for field in fields if isinstance(field, ast.Name)}


def scopes(tree):
    return [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]


@pytest.mark.parametrize("module", MODULES)
def test_no_summary_begins_with_a_pronoun(module):
    assert [name for name, text in documented(MODULES[module]) if PRONOUN.match(text)] == []


def test_no_retired_name_comes_back():
    names = {module: public_names(tree) & RETIRED for module, tree in MODULES.items()}
    assert {module: found for module, found in names.items() if found} == {}
