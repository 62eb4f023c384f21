"""The executor that runs programs on this machine, only ever in a sandbox."""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from job_service.worker.sandbox import verdict
from job_service.worker.sandbox.bubblewrap import find_bubblewrap
from job_service.worker.sandbox.capture import Bounds, Capture, OutlivedItsKill
from job_service.worker.sandbox.cgroups import ControlGroups, find_control_groups
from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Execution, Limits, refused
from job_service.worker.sandbox.interpreter import find_interpreter, readable_by_everyone, readable_by_me
from job_service.worker.sandbox.launch import Blueprint, Sandbox, started
from job_service.worker.sandbox.pipes import TextListener
from job_service.worker.sandbox.program import UnusableProgram, encode
from job_service.worker.sandbox.seccomp import compile_filters
from job_service.worker.sandbox.self_test import check
from job_service.worker.sandbox.users import UserRange, default_ids

_DEFAULT_LIMITS = Limits()
_WAIT_TICK_SECONDS = 0.1

logger = logging.getLogger(__name__)


class LocalExecutor:
    """Runs programs in sandboxes, at most `concurrency` at once; `run` may be called from many threads.

    Made by `create`, which runs the self-test first.
    """

    def __init__(self, blueprint: Blueprint, users: UserRange | None, groups: ControlGroups, concurrency: int) -> None:
        self._blueprint = blueprint
        self._users = users
        self._groups = groups
        self._places = threading.BoundedSemaphore(concurrency)

    @classmethod
    def create(
        cls,
        limits: Limits = _DEFAULT_LIMITS,
        *,
        concurrency: int = 2,
        python: Path | None = None,
        user_ids: range | None = None,
    ) -> Self:
        """Find the parts, run the self-test, and return the executor.

        `python` is an interpreter to use instead of the running one or the system's. `user_ids` are the ids
        that are reserved for runs where we are root. Raises SandboxUnavailable, which says what is missing.
        """
        root = os.geteuid() == 0
        users = UserRange(user_ids or default_ids()) if root else None
        interpreter = find_interpreter(python, readable_by_everyone if root else readable_by_me)
        blueprint = Blueprint(find_bubblewrap(), interpreter, compile_filters(), limits)
        if interpreter.zones is None:
            logger.warning("this machine has no time zones for code jobs (Debian: tzdata)")
        executor = cls(blueprint, users, find_control_groups(), concurrency)
        check(executor.run_strictly, **_facts(blueprint))
        logger.info("programs run in a sandbox", extra={"layers": executor.layers})
        return executor

    @property
    def layers(self) -> list[str]:
        """Return the layers of isolation, for operators."""
        own = ["a user of its own"] if self._users else []
        return [
            "namespaces",
            "seccomp",
            "resource limits",
            *own,
            *(f"cgroup {each}" for each in self._groups.controllers),
        ]

    def run(
        self,
        code: str,
        input: dict[str, Any],  # noqa: A002 - the word of the contract
        on_output: TextListener | None = None,
        cancelled: threading.Event | None = None,
    ) -> Execution:
        """Run the program with its input as global variables, and return how that ended.

        `on_output` gets each piece of the output as it comes. Setting `cancelled` ends the program. Whatever
        the program does, this returns within its time limit and a second, counted from its start.
        """
        try:
            return self.run_strictly(code, input, on_output, cancelled)
        except UnusableProgram as error:
            return refused(str(error))
        except SandboxUnavailable:
            logger.exception("a program was not run, or not to its end: its sandbox failed")
            return refused("No sandbox is available: it failed, and the worker's log says why.")

    def run_strictly(
        self,
        code: str,
        input: dict[str, Any],  # noqa: A002 - as `run`
        on_output: TextListener | None = None,
        cancelled: threading.Event | None = None,
    ) -> Execution:
        """Do as `run` does, but raise UnusableProgram and SandboxUnavailable."""
        try:
            return self._run(encode(code, input), on_output, cancelled or threading.Event())
        except _Cancelled as error:
            return refused(str(error))
        except (OutlivedItsKill, OSError) as error:
            raise SandboxUnavailable(f"it failed ({error})") from error

    def _run(self, document: bytes, on_output: TextListener | None, cancelled: threading.Event) -> Execution:
        limits = self._blueprint.limits
        users = self._users.lease() if self._users else contextlib.nullcontext(None)
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._place(cancelled))
            uid = stack.enter_context(users)
            join = stack.enter_context(self._groups.group(limits))
            sandbox = stack.enter_context(started(self._blueprint, uid))
            join(sandbox.pid)
            bounds = Bounds(limits.seconds, limits.output_bytes, limits.log_bytes, self._watch(sandbox, cancelled))
            captured = Capture(sandbox.process, bounds, on_output).run(document, sandbox.kill)
            return verdict.execution(captured, *sandbox.reap())

    def _watch(self, sandbox: Sandbox, cancelled: threading.Event) -> Callable[[], str | None]:
        most = self._blueprint.limits.folder_files

        def why_stop() -> str | None:
            sandbox.weigh()
            if cancelled.is_set():
                return str(_Cancelled())
            if sandbox.files() > most:
                return f"The program made more than {most:,} files in its folder and was stopped."
            return None

        return why_stop

    @contextlib.contextmanager
    def _place(self, cancelled: threading.Event) -> Iterator[None]:
        """Wait for one of the `concurrency` places, and hold it during the block."""
        while not self._places.acquire(timeout=_WAIT_TICK_SECONDS):
            if cancelled.is_set():
                raise _Cancelled
        try:
            yield
        finally:
            self._places.release()


def _facts(blueprint: Blueprint) -> dict[str, Any]:
    """Return the facts of the host that the self-test cannot find out inside the sandbox."""
    limits = blueprint.limits
    loader = blueprint.interpreter.loader.parts[1:2]
    return {"loader": loader, "memory_bytes": limits.memory_bytes, "folder_bytes": limits.folder_bytes}


class _Cancelled(Exception):
    """The caller has cancelled the run."""

    def __str__(self) -> str:
        return "The program was cancelled."
