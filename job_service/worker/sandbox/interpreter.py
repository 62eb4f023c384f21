"""Finds a Python for programs, and exactly those files of the host that this Python consists of."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from job_service.worker.sandbox.errors import SandboxUnavailable

_SYSTEM_PYTHONS = (Path("/usr/local/bin/python3"), Path("/usr/bin/python3"))
_QUERY = """
import json, os, sys, sysconfig
zones = sysconfig.get_config_var("TZPATH") or ""
print(json.dumps([os.path.dirname(os.__file__), sys.platlibdir, sys.version_info[:2], zones.split(os.pathsep)]))
"""
_QUERY_SECONDS = 20
_OLDEST = (3, 9)
# glibc loads this library by name when a thread ends, so no file lists it as needed.
_LOADED_LATER = "libgcc_s.so.1"
_NEEDED = re.compile(r"^\s*(\S+) => (/\S+)", re.MULTILINE)
_LOADER = re.compile(r"^\s*(/\S+) \(0x", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, with the paths of its parts on the host.

    `library` is the standard library and `library_name` its place below the prefix, such as
    `lib/python3.11`. `loader` keeps its absolute path; `shared` are the shared libraries, by the names
    in dynamic sections. `hidden` are folders of `library` that are no part of the standard library. `zones` is
    the host's folder of time zones, which the standard library needs; None where there is none.
    """

    executable: Path
    library: Path
    library_name: str
    loader: Path
    shared: dict[str, Path]
    hidden: tuple[str, ...]
    zones: Path | None


def find_interpreter(wanted: Path | None, readable: Callable[[Path], bool]) -> Interpreter:
    """Return the wanted Python, or else the running one, or else the system's.

    `readable` says whether the sandbox's user can read a path of the host. Raises SandboxUnavailable.
    """
    running = Path(getattr(sys, "_base_executable", sys.executable))
    for candidate in (wanted,) if wanted else (running, *_SYSTEM_PYTHONS):
        found = _inspect(candidate.resolve())
        if found and all(map(readable, _parts(found))):
            return found if found.zones and readable(found.zones) else replace(found, zones=None)
    raise SandboxUnavailable(
        "there is no Python 3.9 or later that the sandbox's user can read (tried "
        f"{wanted or 'the running one, /usr/local/bin/python3, /usr/bin/python3'})",
    )


def readable_by_everyone(path: Path) -> bool:
    """Say whether every user of this machine can read the file and search all folders above it."""
    try:
        above = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)
        return above and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def readable_by_me(path: Path) -> bool:
    """Say whether this process can read the file."""
    return os.access(path, os.R_OK)


def _parts(interpreter: Interpreter) -> Iterable[Path]:
    return (interpreter.executable, interpreter.library, interpreter.loader, *interpreter.shared.values())


def _inspect(executable: Path) -> Interpreter | None:
    """Ask the interpreter about itself; None when it is none, too old, or not linked dynamically."""
    try:
        library, library_folder, version, zones = json.loads(_run(str(executable), "-I", "-S", "-c", _QUERY))
        loader, shared = _shared_libraries(executable, Path(library))
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if tuple(version) < _OLDEST or loader is None:
        return None
    hidden = tuple(name for name in ("site-packages", "dist-packages") if Path(library, name).is_dir())
    name = f"{library_folder}/python{version[0]}.{version[1]}"
    found = next((folder for folder in map(Path, zones) if folder.is_absolute() and folder.is_dir()), None)
    return Interpreter(executable, Path(library), name, loader, shared, hidden, found)


def _shared_libraries(executable: Path, library: Path) -> tuple[Path | None, dict[str, Path]]:
    """Return the program loader and all libraries that the interpreter and its modules link to."""
    listing = _run("ldd", str(executable), *map(str, library.glob("lib-dynload/*.so")))
    shared = {name: Path(path) for name, path in _NEEDED.findall(listing)}
    for folder in {path.parent for path in shared.values()}:
        if (folder / _LOADED_LATER).exists():
            shared.setdefault(_LOADED_LATER, folder / _LOADED_LATER)
    loader = _LOADER.search(listing)
    return loader and Path(loader[1]), shared


def _run(*command: str) -> str:
    """Run a program without this process's environment, which could change the libraries that it loads."""
    clean = {"PATH": os.defpath, "LC_ALL": "C"}
    done = subprocess.run(command, env=clean, capture_output=True, timeout=_QUERY_SECONDS, check=True, text=True)
    return done.stdout
