"""What is installed is what the lock says, on any later day; and the build installs it as someone new does."""

import runpy
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
INSTALL = (ROOT / "scripts" / "install").read_text()
FRESH = (ROOT / "scripts" / "fresh").read_text()
CI = (ROOT / ".ci" / "run").read_text().splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = tomllib.loads((ROOT / "poetry.lock").read_text())
TRANSLATOR = ROOT / "scripts" / "requirements.py"


def package(name, groups=("main",), markers=""):
    return {
        "name": name,
        "version": "1",
        "groups": list(groups),
        "markers": markers,
        "files": [{"hash": f"sha256:{name}"}],
    }


PACKAGES = [
    package("always"),
    package("elsewhere", markers='sys_platform == "nowhere"'),
    package("extra", markers='extra == "one" or extra == "two"'),
    package("both", ("main", "dev"), {"main": 'extra == "two"'}),
    package("dev", ("dev",)),
]


@pytest.mark.parametrize(
    ("groups", "extras", "names"),
    [
        (["main"], [], ["always"]),
        (["main"], ["three"], ["always"]),
        (["main"], ["three", "one"], ["always", "extra"]),
        (["main"], ["two"], ["always", "extra", "both"]),
        (["main", "dev"], [], ["always", "both", "dev"]),
    ],
)
def test_the_lock_is_translated_for_this_machine_and_these_groups_and_extras(groups, extras, names):
    requirements = runpy.run_path(str(TRANSLATOR))["requirements"]
    wanted = [f"{name}==1 --hash=sha256:{name}" for name in names]
    assert requirements({"package": PACKAGES}, groups, extras) == wanted


def test_every_locked_package_is_asked_for_with_the_hashes_of_all_its_files():
    shown = subprocess.run([sys.executable, TRANSLATOR, "main,dev"], capture_output=True, text=True, check=True)
    lines = {line.split("==")[0]: line for line in shown.stdout.splitlines()}
    for each in LOCK["package"]:
        if each["name"] in lines:
            assert lines[each["name"]].split()[1:] == [f"--hash={file['hash']}" for file in each["files"]]
        else:
            assert not Marker(each["markers"]).evaluate({"extra": "embedded"}), each["name"]


def test_a_lock_of_another_form_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "scripts").mkdir()
    copy = shutil.copy(TRANSLATOR, tmp_path / "scripts")
    (tmp_path / "poetry.lock").write_text('[metadata]\nlock-version = "3.0"\n')
    refused = subprocess.run([sys.executable, copy, "main"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr) == (
        1,
        "poetry.lock has the format 3.0, and requirements.py reads 2.*\n",
    )


def test_the_lock_agrees_with_what_the_project_asks_for():
    extras = PROJECT["project"]["optional-dependencies"]
    asked = chain(PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["dev"], *extras.values())
    locked = {each["name"]: each["version"] for each in LOCK["package"]}
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement
    assert LOCK["metadata"]["python-versions"] == PROJECT["project"]["requires-python"]


def test_nothing_is_installed_that_is_not_locked():
    installs = [line.strip() for line in INSTALL.splitlines() if "pip install" in line]
    assert installs == [
        '.venv/bin/python -m pip install -qq --no-deps --require-hashes --requirement "$requirements"',
        ".venv/bin/python -m pip install -qq --no-deps --editable .",
    ]
    assert "pip check" in INSTALL
    assert "poetry/" not in INSTALL
    assert all("==" in requirement for requirement in PROJECT["build-system"]["requires"])


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    for needed in ("scripts/install", "scripts/requirements.py", "poetry.lock", "pyproject.toml"):
        (tmp_path / needed).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / needed, tmp_path / needed)
    (tmp_path / ".venv").write_text("stands in the way, as a read-only file system would\n")
    refused = subprocess.run([tmp_path / "scripts" / "install"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    # Before it, bash may say that the machine lacks the locale that it is told of.
    assert refused.stderr.splitlines()[-1].startswith(f"The folder {tmp_path} must be writable: ")


def test_the_build_installs_anew_and_runs_the_readmes_command_in_an_empty_environment():
    emptied, installed = CI.index("rm -rf .venv"), CI.index("scripts/install all || exit")
    tested = CI.index('env -i PATH="$PATH" HOME="$home" scripts/test "$@"')
    assert emptied < installed < tested
    assert "home=$(mktemp -d)" in CI


def test_the_fresh_runs_have_the_oldest_pip_and_machines_that_are_set_up_oddly():
    cases = [line for line in FRESH.splitlines() if line.startswith("case_of ")]
    assert len(cases) == len(set(cases)) >= 7
    assert "OLDEST_PIP=23.0.1\n" in FRESH
    for odd in ("jöb service", "HTTP_PROXY=$DEAD", "/proc/nobody", "LC_ALL=POSIX", "LC_ALL=tr_TR", "TZ="):
        assert odd in FRESH, odd
