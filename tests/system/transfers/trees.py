"""Trees of files that are hard on programs that move them, and what is in them."""

import os
import random
import stat
from pathlib import Path

from job_service.worker.transfers import Attempt, Place, Watch, copy_file, list_tree, mkdir

LARGE = 20 << 20
NAMES = (
    "empty",
    "with space",
    " leading and trailing ",
    "quo'te\"s",
    "new\nline",
    "carriage\rreturn\ttab",
    "ünïcödé-日本-🐘",
    "decomposed-e\u0301",
    "-rf",
    "--help",
    "$(touch x);`id`|&>",
    "*?[glob]{}",
    "#hash?query&per%20cent",
    "~",
    "~root",
    ".hidden",
    "...",
    "back\\slash",
    "colon:at@host",
    "\x01\x7f",
    "n" * 255,
    "é" * 127,
)
NOT_UTF8 = b"latin-1-caf\xe9"


def fill(root):
    """Make the tree: small files of every name in three folders, a large one, and links of every kind."""
    seeded = random.Random(20)
    for folder in ("", "a folder/ünï\nö", "a/b/c/d/e/f/g"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (root / folder / name).write_bytes(b"" if name == "empty" else seeded.randbytes(seeded.randrange(70_000)))
    (root / "large").write_bytes(seeded.randbytes(LARGE))
    (root / "runs").write_bytes(b"#!/bin/sh\n")
    (root / "runs").chmod(0o755)
    (root / "secret").write_bytes(b"nobody else's")
    (root / "secret").chmod(0o600)
    (root / "empty folder").mkdir()
    (root / "link to a file").symlink_to("large")
    (root / "link to a folder").symlink_to("a/b")
    (root / "link upwards").symlink_to("..")
    (root / "link out").symlink_to("/etc")
    (root / "link to nothing").symlink_to("not there")
    return root


def contents(root):
    """Give the bytes of every regular file below a folder by its path; links are not followed."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in Path(root).rglob("*")
        if stat.S_ISREG(path.lstat().st_mode)
    }


def entries(connections, place):
    """Give every entry of a listing by its path as users write it."""
    found = {}
    for page in list_tree(connections, place, Watch()):
        for each in page.entries:
            path = f"{page.directory.rstrip('/')}/{each.name}"
            assert path not in found
            found[path] = each
    return found


def copy_tree(connections, source, target):
    """Copy every regular file of a tree; give how many there were."""
    files = [path for path, entry in entries(connections, source).items() if entry.is_file]
    for path in files:
        rest = path.removeprefix(source.path.rstrip("/"))
        copy(connections, Place(source.site, path), Place(target.site, target.path.rstrip("/") + rest))
    return len(files)


def copy(connections, source, target, *, attempt=1, watch=None):
    return copy_file(connections, source, target, Attempt(source.path, attempt), watch or Watch())


def make_folders(connections, site, *paths):
    for path in paths:
        mkdir(connections, Place(site, path))


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def leftovers(root):
    """Give the names of what unfinished copies left."""
    return [name for _, _, files in os.walk(root) for name in files if name.endswith(".part")]
