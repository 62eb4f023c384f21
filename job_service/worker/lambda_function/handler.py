"""The function on AWS Lambda: `{"input": {...}, "code": "..."}` in, `[returncode, output]` out.

`output` has the program's output, and the traceback if it failed. A program that was stopped
raises an exception here, which AWS answers as an `errorMessage`.

Lambda uses one environment for many invocations, of different users, one after the other. So each
program is a process of its own with an empty environment and an empty folder, and afterwards all that it
started is killed and all that it wrote is deleted; when that fails, the environment is given up.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from job_service.worker.lambda_function import descendants
from job_service.worker.sandbox import bootstrap
from job_service.worker.sandbox.capture import Bounds, Capture, Captured

_DEFAULT_SECONDS = 10.0
# Seconds reserved for killing and deleting before AWS ends the invocation.
_RESERVED_SECONDS = 1.0
_SETTINGS = os.environ  # noqa: TID251 - a function on AWS is configured by nothing else
_OUTPUT_BYTES = 1_000_000
_LIMITS = {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 64, "RLIMIT_NPROC": 128, "RLIMIT_FSIZE": 16 << 20}


class NotAnEvent(Exception):
    """The event is no program with its input."""


class NotOnLambda(Exception):
    """The function does not run on AWS Lambda, so it must not empty /tmp."""


class ProgramStopped(Exception):
    """The program ran too long or printed too much; the message says which."""


def handler(event: dict[str, Any], context: Any) -> list[Any]:
    """Run the program of the event. Raises ProgramStopped, NotAnEvent and NotOnLambda."""
    if not (isinstance(event.get("code"), str) and isinstance(event.get("input"), dict)):
        raise NotAnEvent("The event is not an object with a text `code` and an object `input`.")
    scratch = _scratch()
    descendants.adopt()
    with _empty_folder(scratch) as folder:
        captured, code = _run(event, folder, _seconds(context))
    if captured.stopped:
        raise ProgramStopped(captured.stopped)
    return [code, captured.output if code == 0 else captured.output + captured.log]


def _run(event: dict[str, Any], folder: Path, seconds: float) -> tuple[Captured, int]:
    document = json.dumps({"code": event["code"], "input": event["input"]}).encode()
    with _started(folder) as process:
        bounds = Bounds(seconds, _OUTPUT_BYTES, _OUTPUT_BYTES)
        captured = Capture(process, bounds).run(document, lambda: _kill(process))
        return captured, process.wait()


@contextlib.contextmanager
def _started(folder: Path) -> "Iterator[Popen[bytes]]":
    """Start the bootstrap in a process group of its own, and kill all its descendants afterwards."""
    settings = json.dumps({"ready": None, "limits": _LIMITS, "nice": 0, "filter": None})
    command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(Path(bootstrap.__file__).resolve()), settings]
    with Popen(
        command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=folder, env=_environment(folder), start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            _kill(process)
            descendants.end()


def _kill(process: "Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(folder: Path) -> dict[str, str]:
    """Return the program's environment, without the function's credentials."""
    needed = {name: _SETTINGS[name] for name in ("LD_LIBRARY_PATH",) if name in _SETTINGS}
    return {"HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8", **needed}


def _seconds(context: Any) -> float:
    allowed = float(_SETTINGS.get("CODE_TIMEOUT_SECONDS", _DEFAULT_SECONDS))
    remaining: int = context.get_remaining_time_in_millis()
    return max(0.0, min(allowed, remaining / 1000 - _RESERVED_SECONDS))


def _scratch() -> Path:
    """Return the folder that is emptied: /tmp. Raises NotOnLambda anywhere but on AWS."""
    if named := _SETTINGS.get("CODE_SCRATCH"):
        return Path(named)
    if "AWS_LAMBDA_FUNCTION_NAME" in _SETTINGS:
        return Path("/tmp")  # noqa: S108 - the only folder that a function can write to
    raise NotOnLambda("This is not AWS Lambda, and CODE_SCRATCH names no folder to use instead.")


@contextlib.contextmanager
def _empty_folder(scratch: Path) -> Iterator[Path]:
    _wipe(scratch)
    folder = scratch / "program"
    folder.mkdir()
    try:
        yield folder
    finally:
        _wipe(scratch)


def _wipe(scratch: Path) -> None:
    """Delete the folder's contents, also folders without permissions."""
    for above, folders, _ in os.walk(scratch):
        for folder in (Path(above, name) for name in folders):
            if not folder.is_symlink():
                folder.chmod(0o700)
    for path in scratch.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
