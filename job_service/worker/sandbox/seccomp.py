"""The sandbox's system call filters, compiled by libseccomp for this machine's architecture."""

import errno
import importlib
import os
import socket
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.syscalls import ALLOWED, FORBIDDEN, FORBIDDEN_ONCE_STARTED

_UNKNOWN = -1  # __NR_SCMP_ERROR of libseccomp
_CLONE_THREAD = 0x00010000
_CLONE_NEW_NAMESPACES = 0x7E020080
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PRCTL_OPTIONS = {"PR_GET_DUMPABLE": 3, "PR_SET_NAME": 15, "PR_GET_NAME": 16, "PR_SET_SECCOMP": _PR_SET_SECCOMP,
                  "PR_SET_NO_NEW_PRIVS": 38, "PR_GET_NO_NEW_PRIVS": 39, "PR_SET_VMA": 0x53564D41}  # fmt: skip
_IOCTL_REQUESTS = {"TCGETS": 0x5401, "TIOCGWINSZ": 0x5413, "FIONREAD": 0x541B, "FIONBIO": 0x5421,
                   "FIONCLEX": 0x5450, "FIOCLEX": 0x5451}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """Two seccomp filters, as BPF programs in bytes.

    `start` is in force from before the interpreter's start; `started` is added when it runs.
    """

    start: bytes
    started: bytes


def compile_filters() -> Filters:
    """Compile both filters. Raises SandboxUnavailable without pyseccomp or libseccomp."""
    library = _library()
    return Filters(_start(library), _started(library))


def _library() -> ModuleType:
    try:
        return importlib.import_module("pyseccomp")
    except ImportError as error:
        raise SandboxUnavailable("the Python package pyseccomp is not installed") from error
    except RuntimeError as error:
        raise SandboxUnavailable("libseccomp is not installed (Debian: libseccomp2)") from error


def _start(library: Any) -> bytes:
    rules = library.SyscallFilter(library.ERRNO(errno.ENOSYS))
    rules.set_attr(library.Attr.ACT_BADARCH, library.KILL_PROCESS)
    _add_names(library, rules, library.ALLOW, [*ALLOWED, "execve"])
    _add_names(library, rules, library.ERRNO(errno.EPERM), FORBIDDEN)
    _add_choices(library, rules, "prctl", 0, _PRCTL_OPTIONS.values())
    off = library.Arg(0, library.EQ, _PR_SET_DUMPABLE), library.Arg(1, library.EQ, 0)
    rules.add_rule(library.ALLOW, "prctl", *off)
    _add_choices(library, rules, "ioctl", 1, _IOCTL_REQUESTS.values())
    _add_choices(library, rules, "socketpair", 0, [socket.AF_UNIX])
    _add_threads(library, rules)
    return _export(rules)


def _started(library: Any) -> bytes:
    rules = library.SyscallFilter(library.ALLOW)
    rules.set_attr(library.Attr.ACT_BADARCH, library.KILL_PROCESS)
    _add_names(library, rules, library.ERRNO(errno.EPERM), FORBIDDEN_ONCE_STARTED)
    refuse = library.ERRNO(errno.EPERM)
    rules.add_rule(refuse, "prctl", library.Arg(0, library.EQ, _PR_SET_SECCOMP))
    return _export(rules)


def _add_names(library: Any, rules: Any, action: int, names: Any) -> None:
    for name in names:
        number = library.resolve_syscall(library.Arch.NATIVE, name)
        if number != _UNKNOWN:
            rules.add_rule(action, number)


def _add_choices(library: Any, rules: Any, name: str, argument: int, values: Any) -> None:
    for value in values:
        rules.add_rule(library.ALLOW, name, library.Arg(argument, library.EQ, value))


def _add_threads(library: Any, rules: Any) -> None:
    """Allow `clone` for threads, not for processes; `clone3`, whose flags a filter cannot read, answers ENOSYS."""
    either = _CLONE_THREAD | _CLONE_NEW_NAMESPACES
    thread = library.Arg(0, library.MASKED_EQ, either, _CLONE_THREAD)
    rules.add_rule(library.ALLOW, "clone", thread)
    process = library.Arg(0, library.MASKED_EQ, _CLONE_THREAD, 0)
    rules.add_rule(library.ERRNO(errno.EPERM), "clone", process)


def _export(rules: Any) -> bytes:
    descriptor = os.memfd_create("seccomp")
    with os.fdopen(descriptor, "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
