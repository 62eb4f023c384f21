"""Who may import whom: the contracts stand in pyproject.toml."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_import_contracts_hold():
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint_imports, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_imports_nothing_else():
    program = "import sys; before = set(sys.modules); import job_service; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['job_service']"


def test_nothing_draws_from_the_generator_that_all_of_a_process_share():
    """Whoever seeds it, as tests do, would make pauses of many processes alike, and find its own draws disturbed."""
    shared = re.compile(r"^\s*(?:import random\b|from random import (?!SystemRandom$))", re.MULTILINE)
    modules = (ROOT / "job_service").rglob("*.py")
    assert [module.name for module in modules if shared.search(module.read_text())] == []
