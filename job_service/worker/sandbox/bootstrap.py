"""The first code inside a sandbox: it sets the limits and the system call filter, then runs the program.

This file is run by an interpreter that has only the standard library, and may be older than the
one the service runs on. Its argument is a JSON object:

    {"ready": fd | null, "limits": {"RLIMIT_CPU": 11, ...}, "nice": 10, "filter": "<base64>" | null}

Once the limits and the filter hold it reports so on `ready`, with a descriptor of the working
folder, by which the parent can measure its use. Only then does the parent send the program,
`{"code": ..., "input": {...}}`, on standard input. Any error before that ends this process with the
program unread, so a program never runs without its limits.
"""

import base64
import builtins
import ctypes
import io
import json
import linecache
import os
import resource
import socket
import sys
import traceback
import types

PROGRAM = "program.py"
READY = b"ready"
#: The folder of the time zones in a sandbox, which has only folders of the host's Python.
ZONES = "/python/share/zoneinfo"

_FOR_THE_LOADER = ("LD_LIBRARY_PATH", "MALLOC_ARENA_MAX")
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_BYTES_OF_AN_INSTRUCTION = 8


class _Zones:
    """Sets the path of `zoneinfo` when a program imports it, since finding the path beforehand takes time."""

    @classmethod
    def find_spec(cls, name: str, _path: object = None, _target: object = None) -> None:
        """Find no module, but notice which one is imported."""
        if name == "zoneinfo._tzpath":
            sys.meta_path.remove(cls)
            import sysconfig  # noqa: PLC0415  most programs do without it

            sysconfig.get_config_vars()["TZPATH"] = ZONES


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def main() -> None:
    """Set the limits, report, read the program, run it."""
    settings = json.loads(sys.argv[1])
    _leave_only(settings["ready"])
    _limit(settings["limits"], settings["nice"])
    if settings["filter"]:
        _install(base64.b64decode(settings["filter"]))
    if settings["ready"] is not None:
        _report(settings["ready"])
    document = json.loads(sys.stdin.buffer.read())
    _tidy()
    _run(document["code"], document["input"])


def _leave_only(ready: "int | None") -> None:
    """Close every descriptor but the three standard ones and `ready`."""
    highest = os.sysconf("SC_OPEN_MAX")
    if ready is None:
        os.closerange(3, highest)
    else:
        os.closerange(3, ready)
        os.closerange(ready + 1, highest)


def _limit(limits: "dict[str, int]", niceness: int) -> None:
    """Set soft and hard limits alike: nothing inside can raise them again."""
    os.nice(niceness)
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))
    # RLIMIT_CORE of 0 does not prevent core dumps that the kernel pipes to a program; this does.
    _prctl(_PR_SET_DUMPABLE, 0)


def _install(instructions: bytes) -> None:
    """Add a seccomp filter for this process and all its threads to come."""
    program = _FilterProgram(len(instructions) // _BYTES_OF_AN_INSTRUCTION, instructions)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _prctl(option: int, first: int, second: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    if libc.prctl(ctypes.c_int(option), *arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _report(ready: int) -> None:
    """Report to the parent that all limits hold, and send a descriptor of the working folder."""
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    with socket.socket(fileno=ready) as channel:
        socket.send_fds(channel, [READY], [folder])
    os.close(folder)


def _tidy() -> None:
    """Give the program an empty standard input and line-buffered output, and remove this file's traces."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for name in _FOR_THE_LOADER:
        os.environ.pop(name, None)  # noqa: TID251 - the sandbox's own environment
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    sys.argv = [PROGRAM]
    if os.access(ZONES, os.R_OK):
        sys.meta_path.insert(0, _Zones)
        # For `time.tzset`, since the C library looks in /usr/share; by putenv, so that the program's `os.environ` lacks
        # it.
        os.putenv("TZDIR", ZONES)
    vars(builtins).update(exit=sys.exit, quit=sys.exit)


def _run(code: str, variables: "dict[str, object]") -> None:
    """Run the program as `__main__`, with its input as globals; an exception ends with status 1."""
    # A byte order mark, as editors on Windows write it: Python skips it in a file, but not in a text.
    code = code.removeprefix("\ufeff")
    module = types.ModuleType("__main__")
    vars(module).update(variables)
    sys.modules["__main__"] = module
    linecache.cache[PROGRAM] = (len(code), None, code.splitlines(keepends=True), PROGRAM)
    try:
        exec(compile(code, PROGRAM, "exec", dont_inherit=True), vars(module))  # noqa: S102 - what all this is for
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - a program may raise anything
        _write_traceback(error)
        sys.exit(1)


def _write_traceback(error: BaseException) -> None:
    """Write the traceback, without this file's frame, to descriptor 2; `sys.stderr` may have been replaced."""
    trace = error.__traceback__
    try:
        lines = traceback.format_exception(type(error), error, trace and trace.tb_next)
    except Exception:  # noqa: BLE001 - an exception's __str__ is the program's code
        lines = [type(error).__name__, "\n"]
    try:
        with open(2, "wb", closefd=False) as stream:
            stream.write("".join(lines).encode("utf-8", "backslashreplace"))
    except OSError:
        return


if __name__ == "__main__":
    main()
