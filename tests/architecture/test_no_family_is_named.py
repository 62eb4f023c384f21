"""What serves the jobs of every kind names no family and imports none: it reads their values."""

import ast
from pathlib import Path

from job_service.families import FAMILIES

ROOT = Path(__file__).parents[2] / "job_service"
SHARED = (
    *("app.py", "claims", "console", "jobs", "kinds", "lifecycle", "maintenance", "mongo", "openapi", "startup.py"),
    *("tokens", "web"),
)
#: `code` is also the field of an error.
NAMES = {family.name for family in FAMILIES} - {"code"}
FOLDERS = {"code_jobs", "conversions", "datasets", "transcoding", "transfers"}
#: An example of a request has to be one that is answered; and all jobs can be searched by the target of some.
EXCEPTIONS = {"claims/openapi.py": {"dataset"}, "console/seeking.py": {"datasets"}}


def modules():
    for name in SHARED:
        path = ROOT / name
        yield from path.rglob("*.py") if path.is_dir() else [path]


def named_in(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and node.value in NAMES:
            yield node.value
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from FOLDERS.intersection(node.module.split(".")[1:2])


def test_no_family_is_named_where_all_are_served():
    found = {str(path.relative_to(ROOT)): set(named_in(path)) for path in modules()}
    assert {path: names for path, names in found.items() if names} == EXCEPTIONS
