"""Finds a Python that a program may run on, and exactly those files of the host that it is made of."""

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
# Loaded by name when a thread ends, so that no file says that it is needed.
_LOADED_LATER = "libgcc_s.so.1"
_NEEDED = re.compile(r"^\s*(\S+) => (/\S+)", re.MULTILINE)
_LOADER = re.compile(r"^\s*(/\S+) \(0x", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python and its parts: where each is on the host.

    `library` is the standard library and `library_name` its place below the prefix, such as
    `lib/python3.11`. `loader` is needed under its own name; `shared` are the shared libraries, by the names
    they are asked for. `hidden` are folders of `library` that hold what is not the standard library. `zones` are
    the time zones, which the standard library expects of the machine; None where it has none.
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
    """Say whether any user of this machine can read the file, and pass all folders above it."""
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
    """Return the program loader and all libraries that the interpreter and its modules ask for."""
    listing = _run("ldd", str(executable), *map(str, library.glob("lib-dynload/*.so")))
    shared = {name: Path(path) for name, path in _NEEDED.findall(listing)}
    for folder in {path.parent for path in shared.values()}:
        if (folder / _LOADED_LATER).exists():
            shared.setdefault(_LOADED_LATER, folder / _LOADED_LATER)
    loader = _LOADER.search(listing)
    return loader and Path(loader[1]), shared


def _run(*command: str) -> str:
    """Run without our environment, which could bend what is loaded."""
    clean = {"PATH": os.defpath, "LC_ALL": "C"}
    done = subprocess.run(command, env=clean, capture_output=True, timeout=_QUERY_SECONDS, check=True, text=True)
    return done.stdout
