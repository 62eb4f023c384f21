"""bubblewrap's command line, which decides what a program can see of the host."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from job_service.worker.sandbox.bootstrap import ZONES
from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.interpreter import Interpreter

_OLDEST = (0, 8)
_VERSION_SECONDS = 10
_PREFIX = "/python"
_SHARED = f"{_PREFIX}/shared"
_BOOTSTRAP = "/bootstrap.py"
_FOLDER = "/tmp"  # noqa: S108 - the sandbox's own
_NOBODY = "65534"
# Devices are bound one by one, since bubblewrap's own /dev is a writable tmpfs without a limit.
_DEVICES = ("null", "zero", "random", "urandom")

_WALLS = """
    --unshare-user --disable-userns --unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup
    --as-pid-1 --die-with-parent --new-session --cap-drop ALL --clearenv --hostname sandbox
"""
# One malloc arena for all threads: an arena for each would take 64 MB of the limited address space.
_LINKING = {"LD_LIBRARY_PATH": _SHARED, "MALLOC_ARENA_MAX": "1"}
_ENVIRONMENT = {"HOME": _FOLDER, "TMPDIR": _FOLDER, "LANG": "C.UTF-8", **_LINKING}


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors that bubblewrap inherits for one run."""

    bootstrap: int
    seccomp: int
    info: int


def find_bubblewrap() -> Path:
    """Return the path of `bwrap`. Raises SandboxUnavailable when it is missing or too old."""
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxUnavailable("bubblewrap is not installed (Debian: bubblewrap)")
    version = _version(found)
    if version < _OLDEST:
        raise SandboxUnavailable(f"bubblewrap 0.8 or later is needed, this is {'.'.join(map(str, version))}")
    return Path(found)


def command(bwrap: Path, interpreter: Interpreter, folder_bytes: int, descriptors: Descriptors) -> list[str]:
    """Return the command that runs the bootstrap in a sandbox; its settings follow as the last argument."""
    return [
        str(bwrap), *_WALLS.split(), "--uid", _NOBODY, "--gid", _NOBODY,
        "--seccomp", str(descriptors.seccomp), "--info-fd", str(descriptors.info),
        *_files(interpreter, folder_bytes), "--ro-bind-data", str(descriptors.bootstrap), _BOOTSTRAP,
        "--remount-ro", "/", "--chdir", _FOLDER, *_environment(),
        "--", f"{_PREFIX}/bin/python3", "-I", "-S", "-B", "-X", "utf8", _BOOTSTRAP,
    ]  # fmt: skip


def _files(interpreter: Interpreter, folder_bytes: int) -> list[str]:
    library = f"{_PREFIX}/{interpreter.library_name}"
    arguments = ["--ro-bind", str(interpreter.executable), f"{_PREFIX}/bin/python3"]
    arguments += ["--ro-bind", str(interpreter.library), library]
    arguments += ["--ro-bind", str(interpreter.loader), str(interpreter.loader)]
    for name, path in interpreter.shared.items():
        arguments += ["--ro-bind", str(path), f"{_SHARED}/{name}"]
    if interpreter.zones:
        arguments += ["--ro-bind", str(interpreter.zones), ZONES]
    for name in interpreter.hidden:
        arguments += ["--tmpfs", f"{library}/{name}", "--remount-ro", f"{library}/{name}"]
    for name in _DEVICES:
        arguments += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    return [*arguments, "--size", str(folder_bytes), "--tmpfs", _FOLDER]


def _environment() -> list[str]:
    return [part for name, value in _ENVIRONMENT.items() for part in ("--setenv", name, value)]


def _version(bwrap: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [bwrap, "--version"], capture_output=True, timeout=_VERSION_SECONDS, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxUnavailable("bubblewrap does not run") from error
    return tuple(map(int, re.findall(r"\d+", answer.stdout)))
