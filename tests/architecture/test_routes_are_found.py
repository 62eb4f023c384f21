"""README says how to list all routes; none is left out."""

import inspect
import re
import subprocess
from pathlib import Path

import pytest

from job_service.app import create_app
from job_service.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def app():
    made = create_app(Settings.from_environment({}))
    yield made
    made.extensions["job_service.store"].database.client.close()


def test_what_readme_says_finds_every_module_that_registers_routes(app):
    [command] = re.findall(r"^\| all routes \| `(.+?)`", (ROOT / "README.md").read_text(), re.MULTILINE)
    found = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    views = {name: inspect.unwrap(view) for name, view in app.view_functions.items() if not name.endswith("static")}
    modules = {view.__module__.replace(".", "/") + ".py" for view in views.values()}
    assert len(modules) > 10
    assert sorted(module for module in modules if f"{module}:" not in found) == []
