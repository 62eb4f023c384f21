"""Where a job's files may be: names in a job are turned into paths here and nowhere else."""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from job_service.worker.transcoding.errors import UnsafeOption

LONGEST_NAME = 1024
LONGEST_PART_BYTES = 255
SCHEME = re.compile(r"[A-Za-z0-9+.,_-]+:")


@dataclass(frozen=True)
class Folders:
    """The folder clips are read from and the folder results are written to."""

    input: Path
    output: Path

    def source(self, name: str) -> Path:
        """Give the path of a clip; `UnsafeOption` for anything that is not a plain file in the input folder."""
        path = _inside(self.input, name, "input")
        if _what_is(path) != "file":
            raise UnsafeOption(f"The input folder has no file {name!r}.")
        return path

    def target(self, name: str) -> Path:
        """Give the path a result goes to; `UnsafeOption` for one outside the output folder, or that is no file."""
        path = _inside(self.output, name, "output")
        if _what_is(path) == "other":
            raise UnsafeOption(f"The output {name!r} is there already and not a file.")
        return path


def _inside(folder: Path, name: str, option: str) -> Path:
    _check_name(name, option)
    try:
        path, root = (folder / name).resolve(), folder.resolve()
    except (OSError, RuntimeError):
        raise UnsafeOption(f"The {option} {name!r} leads into a loop of links.") from None
    if not path.is_relative_to(root):
        raise UnsafeOption(f"The {option} {name!r} is outside the {option} folder.")
    return path


def _check_name(name: str, option: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UnsafeOption(f"The {option} has to be a file name of 1 to {LONGEST_NAME} printable characters.")
    if SCHEME.match(name):
        raise UnsafeOption(f"The {option} {name!r} names a protocol; it has to be a file of the {option} folder.")
    if name.startswith("/") or "\\" in name:
        raise UnsafeOption(f"The {option} {name!r} has to be relative to the {option} folder.")
    for part in PurePosixPath(name).parts:
        _check_part(part, option)


def _check_part(part: str, option: str) -> None:
    if part.startswith((".", "-", "~")):
        raise UnsafeOption(f"The {option} has a part, {part!r}, that starts with a dot, a dash or a tilde.")
    if len(os.fsencode(part)) > LONGEST_PART_BYTES:
        raise UnsafeOption(f"The {option} has a part of more than {LONGEST_PART_BYTES} bytes.")


def _what_is(path: Path) -> str:
    """Say `file`, `nothing` or `other`; what cannot be looked at is `other`."""
    try:
        return "file" if path.is_file() else "other" if path.exists() else "nothing"
    except OSError:
        return "other"
