"""Starts a sandbox, and returns it when all limits hold, before it has the program."""

import base64
import contextlib
import json
import math
import os
import select
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired

from job_service.worker.sandbox import bootstrap
from job_service.worker.sandbox.bubblewrap import Descriptors, command
from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Limits
from job_service.worker.sandbox.interpreter import Interpreter
from job_service.worker.sandbox.seccomp import Filters

_START_SECONDS = 30
_END_SECONDS = 5
_NICENESS = 10
_COMPLAINT_BYTES = 4096
_BOOTSTRAP = Path(bootstrap.__file__).read_bytes()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The parts that all sandboxes of one executor share."""

    bwrap: Path
    interpreter: Interpreter
    filters: Filters
    limits: Limits


class Sandbox:
    """A sandbox that waits for its program: `process` is bubblewrap, `pid` the process inside.

    `pidfd` is a descriptor of the process inside, and `folder` one of its /tmp, of which only the file system
    is queried. The caller has to close both.
    """

    def __init__(self, process: "Popen[bytes]", pid: int, pidfd: int, folder: int) -> None:
        self.process = process
        self.pid = pid
        self._pidfd = pidfd
        self._folder = folder
        self._peak_bytes = _resident_peak(pid)

    def kill(self) -> None:
        """Kill the program and, since it is process 1 of its namespace, all processes of the sandbox."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def end(self) -> None:
        """Kill the sandbox and wait until no process inside runs, whether or not bubblewrap itself has ended."""
        self.kill()
        select.select([self._pidfd], [], [], _END_SECONDS)

    def files(self) -> int:
        """Count the files in the sandbox's /tmp, whose inodes take kernel memory that no other limit counts."""
        filesystem = os.fstatvfs(self._folder)
        return filesystem.f_files - filesystem.f_ffree

    def weigh(self) -> None:
        """Record the peak of resident memory so far."""
        self._peak_bytes = max(self._peak_bytes, _resident_peak(self.pid))

    def reap(self) -> tuple[int, int]:
        """Wait for the end; return the wait status and the peak of resident memory in bytes."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        counted = usage.ru_maxrss * 1024
        # The kernel's count starts with this process's own memory, because bubblewrap was forked from it:
        # only a count above that is the program's, and exact.
        return status, counted if counted > _resident_peak(os.getpid()) else self._peak_bytes


@contextlib.contextmanager
def started(blueprint: Blueprint, uid: int | None) -> Iterator[Sandbox]:
    """Start a sandbox for the block, as the user `uid` where this process is root.

    Raises SandboxUnavailable when the limits do not hold, or not in time.
    """
    with contextlib.ExitStack() as stack:
        ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
        info, info_end = (stack.enter_context(os.fdopen(end, "rb", buffering=0)) for end in os.pipe())
        process = _spawn(blueprint, uid, info_end.fileno(), theirs.fileno())
        stack.callback(_clear_away, process)
        _sacrifice_first(process.pid)
        theirs.close()
        info_end.close()
        folder = _await_ready(ours, process)
        stack.callback(os.close, folder)
        pid = int(json.loads(info.read())["child-pid"])
        pidfd = os.pidfd_open(pid)
        stack.callback(os.close, pidfd)
        _sacrifice_first(pid)
        sandbox = Sandbox(process, pid, pidfd, folder)
        stack.callback(sandbox.end)
        yield sandbox


def _spawn(blueprint: Blueprint, uid: int | None, info: int, ready: int) -> "Popen[bytes]":
    """Start bubblewrap, giving up root's rights before: in a user namespace of root's, root's files are writable."""
    with _readable(_BOOTSTRAP) as program, _readable(blueprint.filters.start) as seccomp:
        passed = Descriptors(program, seccomp, info)
        line = command(blueprint.bwrap, blueprint.interpreter, blueprint.limits.folder_bytes, passed)
        try:
            return Popen(
                [*line, _settings(blueprint, ready)],
                stdin=PIPE, stdout=PIPE, stderr=PIPE, pass_fds=(program, seccomp, info, ready), cwd="/", env={},
                start_new_session=True, umask=0o077, user=uid, group=uid, extra_groups=None if uid is None else [],
            )  # fmt: skip
        except OSError as error:
            raise SandboxUnavailable(f"bubblewrap does not start ({error.strerror})") from error


def _settings(blueprint: Blueprint, ready: int) -> str:
    limits = blueprint.limits
    bounds = {
        "RLIMIT_CPU": math.ceil(limits.seconds) + 1,
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.folder_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_NPROC": limits.threads,
        "RLIMIT_CORE": 0,
    }
    extra = base64.b64encode(blueprint.filters.started).decode()
    return json.dumps({"ready": ready, "limits": bounds, "nice": _NICENESS, "filter": extra})


@contextlib.contextmanager
def _readable(content: bytes) -> Iterator[int]:
    """Yield a descriptor from which the content can be read, once."""
    descriptor = os.memfd_create("sandbox")
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        file.write(content)
        file.seek(0)
        yield descriptor


def _await_ready(channel: socket.socket, process: "Popen[bytes]") -> int:
    """Return the descriptor of the sandbox's /tmp, which comes with the report that all limits hold."""
    channel.settimeout(_START_SECONDS)
    try:
        word, descriptors, _, _ = socket.recv_fds(channel, len(bootstrap.READY), 1)
    except TimeoutError:
        process.kill()
        raise SandboxUnavailable(f"it was not ready after {_START_SECONDS} seconds") from None
    if word == bootstrap.READY and descriptors:
        return descriptors[0]
    raise SandboxUnavailable(f"it did not start ({_complaint(process)})")


def _complaint(process: "Popen[bytes]") -> str:
    """Return the last line of a failed sandbox's standard error."""
    process.kill()
    process.wait()
    said = process.stderr.read(_COMPLAINT_BYTES) if process.stderr else b""
    return (said.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]


def _resident_peak(pid: int) -> int:
    """Return a process's peak of resident memory in bytes, 0 when the process has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def _sacrifice_first(pid: int) -> None:
    """Raise the OOM score of this process, which its children inherit, so that they are killed before the service."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")


def _clear_away(process: "Popen[bytes]") -> None:
    """Wait for bubblewrap, after killing it where it did not start properly, and close its pipes."""
    if process.returncode is None:
        with contextlib.suppress(TimeoutExpired):
            process.wait(_END_SECONDS)
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
