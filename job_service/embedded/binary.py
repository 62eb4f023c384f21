"""Finds the mongod program for a private database."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from job_service.embedded.errors import MongodMissing

OLDEST = (6, 0)
# An unknown locale would make mongod exit, and it needs none of our secrets.
ENVIRONMENT = {"LC_ALL": "C"}
ANSWER_SECONDS = 20.0


def find_mongod() -> Path:
    """Give the first mongod that is new enough: from PATH, else from the wheel of the extra `embedded`.

    Raises MongodMissing, whose text says what was found instead and what to do.
    """
    refused = []
    for candidate in _candidates():
        problem = _problem(candidate)
        if problem is None:
            return candidate
        refused.append(f" {candidate} {problem}.")
    raise MongodMissing(
        f"There is no mongod {OLDEST[0]}.{OLDEST[1]} or later here.{''.join(refused)} Set MONGODB_URL to a MongoDB that"
        " runs, put mongod on the PATH, or on Linux: pip install 'job-service[embedded]'."
    )


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("mongod")
    if on_path:
        yield Path(on_path)
    # Only the top package is looked up, without importing it: importing fiftyone would take seconds.
    spec = find_spec("fiftyone")
    for place in (spec and spec.submodule_search_locations) or ():
        in_wheel = Path(place, "db", "bin", "mongod")
        if in_wheel.is_file():
            yield in_wheel


def _problem(mongod: Path) -> str | None:
    """Say why this mongod cannot be used; None: it can."""
    try:
        answer = subprocess.run(
            [mongod, "--version"], capture_output=True, check=False, env=ENVIRONMENT, timeout=ANSWER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"cannot be run ({problem})"
    version = re.search(rb"db version v(\d+)\.(\d+)", answer.stdout)
    if version is None:
        return f"cannot be run ({(answer.stderr or answer.stdout).decode(errors='replace').strip()})"
    found = (int(version[1]), int(version[2]))
    return None if found >= OLDEST else f"is version {found[0]}.{found[1]}"
