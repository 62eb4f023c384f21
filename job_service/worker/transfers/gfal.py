"""Runs the gfal2 command-line tools, without a shell and so that none of them outlives the worker."""

import contextlib
import errno
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from job_service.worker.programs import Run, Tail, run
from job_service.worker.programs.running import GUARDIAN
from job_service.worker.transfers.endpoint import Beat
from job_service.worker.transfers.errors import ToolMissing

PACKAGES = "gfal2-util-scripts and gfal2-plugin-gridftp"
PIECE = 1 << 18
TICK_SECONDS = 1.0
STDERR_BYTES = 4000
LONGEST_REASON = 500


class GfalFailed(Exception):
    """A tool failed; `nothing_there` says that the reason is a missing path.

    The class is no OSError, since callbacks of progress may raise those.
    """

    def __init__(self, reason: str, *, nothing_there: bool = False) -> None:
        super().__init__(reason)
        self.nothing_there = nothing_there


@dataclass
class _Heard:
    lines: list[str] = field(default_factory=list)
    complaints: Tail = field(default_factory=Tail)


def lines_of(tool: str, arguments: Sequence[str], proxy: str, beat: Beat) -> list[str]:
    """Run a tool to its end and give its output by lines; raises GfalFailed and ToolMissing.

    An exception of `beat` stops the tool and is raised here.
    """
    heard = _Heard()

    def still_wanted() -> bool:
        beat()
        return False

    ended = run(
        Run(
            command(tool, arguments, proxy),
            on_stdout=heard.lines.append,
            on_stderr=heard.complaints.add,
            should_stop=still_wanted,
        )
    )
    if ended.returncode:
        raise _failure(tool, ended.returncode, heard.complaints.text())
    return heard.lines


@contextlib.contextmanager
def bytes_of(tool: str, arguments: Sequence[str], proxy: str, beat: Beat) -> Iterator[Iterator[bytes]]:
    """Run a tool and yield its output as it comes; GfalFailed is raised at the end of the output."""
    reading, writing = os.pipe()
    guarded = [sys.executable, "-I", "-S", "-B", str(GUARDIAN), str(reading), "5", *command(tool, arguments, proxy)]
    with contextlib.ExitStack() as lifeline, tempfile.TemporaryFile() as complaints:
        lifeline.callback(os.close, writing)
        try:
            process = subprocess.Popen(
                guarded,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                pass_fds=[reading],
                start_new_session=True,
            )
        finally:
            os.close(reading)
        # Close the lifeline before waiting for the process, whatever happens in between.
        with process, lifeline:
            yield _output(process, beat)
            if process.wait():
                complaints.seek(0)
                said = complaints.read(STDERR_BYTES).decode(errors="replace")
                raise _failure(tool, process.returncode, said)


def command(tool: str, arguments: Sequence[str], proxy: str) -> list[str]:
    """Return a tool's argument vector, with an environment of locale C and time zone UTC.

    The tools need the Python that is installed beside them, while the worker's own may come first on PATH.
    """
    found = shutil.which(tool)
    if found is None:
        raise ToolMissing(f"{tool} is not installed on this worker; GRIDFTP sites need Debian's {PACKAGES}.")
    variables = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
    python = Path(found).with_name("python3")
    if python.exists():
        variables["GFAL_PYTHONBIN"] = str(python)
    if proxy:
        variables["X509_USER_PROXY"] = proxy
    settings = [f"{name}={value}" for name, value in variables.items()]
    return ["env", "-u", "PYTHONPATH", "-u", "PYTHONHOME", *settings, found, *arguments]


def _output(process: "subprocess.Popen[bytes]", beat: Beat) -> Iterator[bytes]:
    if process.stdout is None:
        raise RuntimeError("a pipe was asked for")
    output = process.stdout.fileno()
    while True:
        beat()
        ready, _, _ = select.select([output], [], [], TICK_SECONDS)
        if ready:
            piece = os.read(output, PIECE)
            if not piece:
                return
            yield piece


def _failure(tool: str, status: int, said: str) -> GfalFailed:
    # The tools print the error as one line; a tool that crashes has it in the last line of its traceback.
    said = said.rstrip().rpartition("\n")[2] if "Traceback" in said else said
    reason = " ".join(said.split())[:LONGEST_REASON] or f"{tool} ended with status {status}"
    return GfalFailed(reason, nothing_there=status == errno.ENOENT)
