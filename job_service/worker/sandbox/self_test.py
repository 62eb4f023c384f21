"""The self-test of a sandbox, which runs before any user's program."""

import json
from collections.abc import Callable
from typing import Any

from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Execution

# Each probe is an expression inside the sandbox that must be true. Those that attempt
# something forbidden go through `refused`, which is true where the kernel refused it.
_PROBES = {
    "it has a user id of its own": "os.getuid() == 65534 and os.geteuid() == 65534",
    "it is alone among the processes": "os.getpid() == 1 and not os.path.exists('/proc')",
    "it has no privileges to gain": "ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1",
    "it sees nothing of the host's root": "set(os.listdir('/')) == {'bootstrap.py', 'dev', 'python', 'tmp', *loader}",
    "it cannot read the host's users": "refused(open, '/etc/passwd')",
    "it has only harmless devices": "set(os.listdir('/dev')) == {'null', 'zero', 'random', 'urandom'}",
    "its environment is empty": "not set(os.environ) - {'HOME', 'TMPDIR', 'LANG', 'PWD', 'LC_CTYPE'}",
    "its root is read-only": "refused(open, '/probe', 'w') and refused(open, '/dev/probe', 'w')",
    "its Python is read-only": "refused(open, os.__file__, 'a')",
    "its folder is writable": "open('/tmp/probe', 'w').write('x') == 1",
    "its folder is bounded": "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize <= folder_bytes",
    "it inherits no descriptors": "all(refused(os.fstat, number) for number in range(3, 64))",
    "it has no standard input": "sys.stdin.read() == ''",
    "its memory is bounded": "resource.getrlimit(resource.RLIMIT_AS) == (memory_bytes, memory_bytes)",
    "it writes no core": "resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)",
    "it pipes no core to a program of the host": "ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0",
    "it cannot start a process": "cannot_fork()",
    "it cannot execute anything": "refused(os.execv, sys.executable, ['python3', '-c', ''])",
    "it cannot open a socket": "refused(socket.socket) and refused(socket.socket, socket.AF_UNIX)",
    "it cannot make a namespace": "refused(system_call, 'unshare', 0x10000000)",
    "it cannot keep its parent's death from itself": "refused(system_call, 'prctl', 1, 0, 0, 0, 0)",
}
_PROGRAM = """
import ctypes, json, os, resource, socket, sys

def system_call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)

def refused(attempt, *arguments):
    try:
        attempt(*arguments)
    except OSError:
        return True
    return False

def cannot_fork():
    try:
        child = os.fork()
    except OSError:
        return True
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return False

def holds(probe):
    try:
        return bool(eval(probe))
    except Exception:
        return False

print(json.dumps([name for name, probe in probes.items() if not holds(probe)]))
"""


def check(run: Callable[[str, dict[str, Any]], Execution], **facts: Any) -> None:
    """Run the probes, which may use `facts`. Raises SandboxUnavailable, which names those that failed."""
    execution = run(_PROGRAM, {"probes": _PROBES, **facts})
    if execution.outcome != "done":
        raise SandboxUnavailable(f"its self-test did not end well: {execution.reason}")
    try:
        failed = json.loads(execution.output)
    except ValueError as error:
        raise SandboxUnavailable("its self-test gave no answer") from error
    if failed:
        raise SandboxUnavailable(f"its self-test found untrue that {'; '.join(failed)}")
