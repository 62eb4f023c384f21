"""Looking at processes that are not the test's own children."""

import contextlib
import os
import select
from pathlib import Path

DEADLINE = 30


def ends(pid):
    """Wait until a process has ended; false when it is still there at the deadline."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            return bool(select.select([descriptor], [], [], DEADLINE)[0])
        finally:
            os.close(descriptor)
    return True


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])


def running(program, argument):
    """Give the processes of a program that have an argument in which this text is."""
    found = []
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (each / "cmdline").read_bytes() if each.name.isdigit() else b""
            if Path(os.fsdecode(command.partition(b"\0")[0])).name == program and argument.encode() in command:
                found.append(int(each.name))
    return found
