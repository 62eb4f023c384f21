"""Translates poetry.lock into requirements of pip for the Python that runs this: `requirements.py GROUPS [EXTRAS]`.

Both are lists with commas; without EXTRAS it takes all. Poetry could do it, but would have to be installed first, at
versions that nothing has locked: whatever was released that day would decide whether the lock can be installed.
"""

import sys
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pip._vendor.packaging.markers import Marker

KNOWN_FORMAT = "2."
LOCK = Path(__file__).parents[1] / "poetry.lock"


def requirements(lock: dict[str, Any], groups: Collection[str], extras: Collection[str]) -> list[str]:
    """Give a line for each package that these groups and extras need here: its version, and the hashes of its files."""
    return [_line(package) for package in lock["package"] if _is_wanted(package, groups, extras)]


def _is_wanted(package: dict[str, Any], groups: Collection[str], extras: Collection[str]) -> bool:
    markers = package.get("markers", "")
    ours = [group for group in package["groups"] if group in groups]
    return any(_holds(markers if isinstance(markers, str) else markers.get(group, ""), extras) for group in ours)


def _holds(marker: str, extras: Collection[str]) -> bool:
    return not marker or any(Marker(marker).evaluate({"extra": extra}) for extra in extras or [""])


def _line(package: dict[str, Any]) -> str:
    return " ".join(
        [f"{package['name']}=={package['version']}", *(f"--hash={each['hash']}" for each in package["files"])]
    )


def main() -> None:
    lock = tomllib.loads(LOCK.read_text(encoding="utf-8"))
    written = lock["metadata"]["lock-version"]
    if not written.startswith(KNOWN_FORMAT):
        sys.exit(f"{LOCK.name} has the format {written}, and {Path(__file__).name} reads {KNOWN_FORMAT}*")
    groups, extras = (argument.split(",") for argument in (*sys.argv[1:], ",".join(lock["extras"]))[:2])
    print("\n".join(requirements(lock, groups, extras)))


if __name__ == "__main__":
    main()
