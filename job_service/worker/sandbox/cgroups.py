"""Control groups for runs, where some are delegated to this process: limits in addition to the others."""

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from job_service.worker.sandbox.delegation import Slice, find_slices
from job_service.worker.sandbox.execution import Limits

_PREFIX = "job-service-run-"
# Files and their values, by controller and version: limits of memory, swap (none), cores (one) and threads.
_SETTINGS = {
    ("cpu", 1): {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"},
    ("cpu", 2): {"cpu.max": "100000 100000"},
    ("memory", 1): {"memory.limit_in_bytes": "{memory}"},
    ("memory", 2): {"memory.max": "{memory}", "memory.swap.max": "0"},
    ("pids", 1): {"pids.max": "{threads}"},
    ("pids", 2): {"pids.max": "{threads}"},
}
# Added to the memory limit: the interpreter's own pages count for a group, but hardly for the address space.
_OVERHEAD_BYTES = 32 << 20
# Retries of a group's removal, which the kernel allows a moment after the last process was reaped.
_REMOVAL_TRIES = 20
_REMOVAL_PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class ControlGroups:
    """All slices in use, at most one a controller."""

    slices: tuple[Slice, ...] = ()
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def controllers(self) -> list[str]:
        """Name the controllers that bound a run."""
        return sorted(name for each in self.slices for name in each.controllers)

    @contextlib.contextmanager
    def group(self, limits: Limits) -> Iterator[Callable[[int], None]]:
        """Make a group with these limits, and yield a function that moves a process into it by its id.

        The process must have ended before the block does. Raises OSError.
        """
        name = f"{_PREFIX}{os.getpid()}-{id(self)}-{next(self._numbers)}"
        with contextlib.ExitStack() as made:
            folders = [made.enter_context(_group(each, name, limits)) for each in self.slices]

            def join(pid: int) -> None:
                for folder in folders:
                    (folder / "cgroup.procs").write_text(str(pid))

            yield join


def find_control_groups(proc: Path = Path("/proc")) -> ControlGroups:
    """Return the delegated groups, after removing those that dead workers left; empty where none are delegated."""
    try:
        memberships = (proc / "self/cgroup").read_text()
        slices = tuple(find_slices(memberships, (proc / "self/mountinfo").read_text()))
    except OSError:
        return ControlGroups()
    for each in slices:
        _sweep(each.folder, proc)
    return ControlGroups(slices)


@contextlib.contextmanager
def _group(parent: Slice, name: str, limits: Limits) -> Iterator[Path]:
    folder = parent.folder / name
    folder.mkdir()
    try:
        memory = limits.memory_bytes + limits.folder_bytes + _OVERHEAD_BYTES
        for controller in parent.controllers:
            for file, value in _SETTINGS[controller, parent.version].items():
                (folder / file).write_text(value.format(memory=memory, threads=limits.threads))
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    for _ in range(_REMOVAL_TRIES):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(_REMOVAL_PAUSE_SECONDS)
        else:
            return


def _sweep(parent: Path, proc: Path) -> None:
    """Remove the groups of workers that were killed; a group that still has a process cannot be removed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        if not (proc / folder.name.removeprefix(_PREFIX).split("-")[0]).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
