"""Sample inputs, good and bad, to see the importer work."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

GOOD = {"INCOME": 3, "ADDRESS": 2, "EDUCATION": 1}
BROKEN = "BROKEN_TAR"
WITHOUT_METADATA = "NO_METADATA"
ROWS = 2000


def make_samples(folder: Path) -> list[Path]:
    """Write three good tars, a broken one and one without metadata into `folder`; gives their paths.

    The files are the same each time, and replace files of the same names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_write_tar(folder, name, good_members(name, chunks)) for name, chunks in GOOD.items()]
    without = good_members(WITHOUT_METADATA, 1)
    del without[f"{WITHOUT_METADATA}.json"]
    paths.append(_write_tar(folder, WITHOUT_METADATA, without))
    paths.append(_write_broken(folder))
    return paths


def good_members(name: str, chunks: int) -> dict[str, bytes]:
    """Make the members of a tar that can be imported."""
    metadata = {
        "shortName": name,
        "temporalityType": "STATUS",
        "dataRevision": {"description": f"A sample of {name}", "temporalEndOfSeries": False},
        "identifierVariables": [{"unitType": "PERSON"}],
        "measureVariables": [{"shortName": name, "dataType": "LONG"}],
    }
    members = {f"{name}.json": json.dumps(metadata, indent=2).encode()}
    for number in range(chunks):
        rows = (f"{number * ROWS + row};{row * 7 % 1000};2020-01-01;\n" for row in range(ROWS))
        members[f"chunks/{number + 1}.csv"] = "".join(rows).encode()
    return members


def write_tar(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a reproducible tar: its bytes depend on the members alone."""
    with tarfile.open(path, "w:") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def _write_tar(folder: Path, name: str, members: Mapping[str, bytes]) -> Path:
    path = folder / f"{name}.tar"
    write_tar(path, members)
    return path


def _write_broken(folder: Path) -> Path:
    """Write a good tar and damage the header of its last file."""
    path = _write_tar(folder, BROKEN, good_members(BROKEN, 2))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"chunks/2", b"chunks/3"))
    return path
