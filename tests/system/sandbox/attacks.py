"""Programs that mean harm, and exactly what must become of each.

Each may use `told`, which prints an attempt's error by its name in C, and `call`, which makes a system call.
`facts` are what only the test knows: the path of a secret, a port, a process id.
"""

import platform
from dataclasses import dataclass

PRELUDE = """
import ctypes, errno, os, sys
_libc = ctypes.CDLL(None, use_errno=True)

def told(attempt, *arguments):
    try:
        result = attempt(*arguments)
    except OSError as error:
        print(errno.errorcode[error.errno])
    else:
        print("allowed", result)

def call(number, *arguments):
    ctypes.set_errno(0)
    result = _libc.syscall(*map(ctypes.c_long, (number, *arguments)))
    if result == -1:
        raise OSError(ctypes.get_errno(), "")
    return result
"""
SHORT_SECONDS = 2.0
LONG_SECONDS = 20.0
STOPPED = "The program was stopped after 2 seconds."
OUTPUT_BYTES = 1_000_000
FOLDER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Attack:
    """A program, and its whole outcome: what it printed, and a pattern for the reason of an error."""

    name: str
    code: str
    output: str = ""
    reason: str | None = None
    signal: int | None = None

    @property
    def limit_seconds(self) -> float:
        """Return a limit to run into, or one that is out of reach on a busy machine too."""
        return SHORT_SECONDS if self.reason == STOPPED else LONG_SECONDS

    @property
    def seconds(self) -> tuple[float, float]:
        """Between which times it has to have ended."""
        return (SHORT_SECONDS if self.reason == STOPPED else 0, self.limit_seconds + 1)


TIME = [
    Attack("an endless loop", "while True: pass", reason=STOPPED, signal=9),
    Attack("a long sleep", "import time; print('zzz'); time.sleep(3600)", "zzz\n", STOPPED, 9),
    Attack(
        "closing its output and sleeping",
        "import time\nprint('bye')\nfor n in range(64):\n  try: os.close(n)\n  except OSError: pass\ntime.sleep(3600)",
        "bye\n",
        STOPPED,
        9,
    ),
    Attack(
        "ignoring all signals",
        "import signal\nfor n in set(signal.valid_signals()) - {9, 19}:\n  try: signal.signal(n, signal.SIG_IGN)\n"
        "  except (OSError, ValueError): pass\nwhile True: pass",
        reason=STOPPED,
        signal=9,
    ),
    Attack("a huge power", "9 ** 9 ** 9", reason=STOPPED, signal=9),
    Attack(
        "threads that never end",
        "import threading, time\nfor _ in range(8): threading.Thread(target=time.sleep, args=[3600]).start()\n"
        "print('on')",
        "on\n",
        STOPPED,
        9,
    ),
    Attack(
        "a tracer that goes round in circles",
        "def trace(*_):\n  while True: pass\nsys.settrace(trace)\n(lambda: 1)()",
        reason=STOPPED,
        signal=9,
    ),
]

MEMORY = [
    Attack("ten gigabytes at once", "bytearray(10 * 1024 ** 3)", reason=r".*: MemoryError", signal=None),
    Attack(
        "ten gigabytes bit by bit",
        "held = []\ntry:\n  while True: held.append(bytearray(b'x') * 10_000_000)\n"
        "except MemoryError:\n  print(len(held) < 54)",
        "True\n",
    ),
    Attack(
        "thirty processes of 200 megabytes",
        "for _ in range(30): told(os.fork)",
        "EPERM\n" * 30,
    ),
    Attack("memory as a file", "told(os.memfd_create, 'x')", "EPERM\n"),
    Attack("deep recursion", "def down(): down()\ndown()", reason=r".*: RecursionError: .*"),
    Attack(
        "recursion beyond the stack",
        "import gc\ngc.disable()\nsys.setrecursionlimit(10 ** 9)\nnest = []\n"
        "for _ in range(200_000): nest = [nest]\nrepr(nest)",
        reason=r"The program was ended by SIGSEGV\.|.*: (RecursionError|MemoryError).*",
    ),
    Attack(
        "threads without end",
        "import threading\nthreading.stack_size(1 << 18)\ndone = threading.Event()\nstarted = 0\ntry:\n  while True:\n"
        "    threading.Thread(target=done.wait).start()\n    started += 1\n"
        "except RuntimeError:\n  print(32 <= started < 64)\ndone.set()",
        "True\n",
    ),
    Attack(
        "pipes full of data",
        "import fcntl\nfilled = 0\ntry:\n  while True:\n    _, end = os.pipe2(os.O_NONBLOCK)\n"
        "    fcntl.fcntl(end, 1031, 1048576)\n    filled += os.write(end, bytes(1048576))\n"
        "except OSError as error:\n  print(errno.errorcode[error.errno] in ('EMFILE', 'EPERM'), filled < 34_000_000)",
        "True True\n",
    ),
]

OUTPUT = [
    Attack(
        "a gigabyte of output",
        "for _ in range(1000): print('x' * 1_000_000)",
        "x" * OUTPUT_BYTES,
        r"The program printed more than 1,000,000 bytes and was stopped\.",
    ),
    Attack(
        "a gigabyte of errors",
        "for _ in range(1000): sys.stderr.write('x' * 1_000_000)",
        reason=r"The program wrote more than 1,000,000 bytes of errors and was stopped\.",
    ),
    Attack("bytes that are not text", r"sys.stdout.buffer.write(b'\xff\xfe ok \xe2\x82')", "\ufffd\ufffd ok \ufffd"),
    Attack("NUL bytes", r"print('a\0b')", "a\0b\n"),
    Attack("leaving at once after a made-up result", "print('8')\nos._exit(0)", "8\n"),
    Attack("no output at all", "os.close(1)\nos._exit(0)"),
]

FILES = [
    Attack(
        "filling its folder",
        "filled = 0\ntry:\n  for n in range(1000):\n"
        "    with open(f'/tmp/{n}', 'wb', buffering=0) as file: filled += file.write(bytes(10 ** 6))\n"
        f"except OSError as error: print(errno.errorcode[error.errno], filled <= {FOLDER_BYTES})",
        "ENOSPC True\n",
    ),
    Attack(
        "one huge file",
        f"os.ftruncate(os.open('/tmp/x', os.O_CREAT | os.O_RDWR), {FOLDER_BYTES})\n"
        f"told(os.truncate, '/tmp/x', {FOLDER_BYTES} + 1)",
        "EFBIG\n",
    ),
    Attack(
        "a million files",
        "for n in range(10 ** 6): os.close(os.open(f'/tmp/{n}', os.O_CREAT))",
        reason=r"The program made more than 10,000 files in its folder and was stopped\.",
    ),
    Attack(
        "writing anywhere else",
        "for path in ('/x', '/dev/x', '/python/x', '/bootstrap.py', os.__file__): told(open, path, 'w')",
        "EROFS\n" * 5,
    ),
    Attack("the secrets file", "told(open, facts['secrets'])", "ENOENT\n"),
    Attack("another user's program", "told(open, facts['code'])\ntold(os.listdir, facts['folder'])", "ENOENT\n" * 2),
    Attack(
        "the host's users",
        "for path in ('/etc/shadow', '/etc/passwd', '/root', '/home', '/var'): told(os.stat, path)",
        "ENOENT\n" * 5,
    ),
    Attack(
        "links to where it cannot go",
        "for n, to in enumerate(('/etc/shadow', '../../../etc/shadow', facts['secrets'], '/proc/1/root')):\n"
        "  os.symlink(to, f'/tmp/{n}')\n  told(open, f'/tmp/{n}')\ntold(os.link, '/etc/shadow', '/tmp/hard')",
        "ENOENT\n" * 5,
    ),
    Attack(
        "up from the root", "os.chdir('/')\ntold(open, '../../etc/passwd')\ntold(os.chroot, '/tmp')", "ENOENT\nEPERM\n"
    ),
    Attack(
        "the whole tree", "print(*sorted(set(os.listdir('/')) - {'lib', 'lib64'}))", "bootstrap.py dev python tmp\n"
    ),
    Attack(
        "installed packages",
        "import glob\nprint(glob.glob('/python/lib*/python3*/*-packages/*'), [p for p in sys.path if 'packages' in p])",
        "[] []\n",
    ),
    Attack("a kernel setting", "told(open, '/proc/sys/kernel/core_pattern', 'r+b')", "ENOENT\n"),
    Attack(
        "devices",
        "for name in ('mem', 'kmsg', 'sda', 'vda', 'shm', 'tty', 'pts'): told(os.stat, '/dev/' + name)",
        "ENOENT\n" * 7,
    ),
    Attack("making a device", "told(os.mknod, '/tmp/sda', 0o60600, os.makedev(8, 0))", "ENOSYS\n"),
]

PROCESSES = [
    Attack(
        "a fork bomb", "for _ in range(1000):\n  try: os.fork()\n  except PermissionError: pass\nprint('one')", "one\n"
    ),
    Attack("a daemon", "told(os.fork)\ntold(os.setsid)", "EPERM\nENOSYS\n"),
    Attack("a shell", "import subprocess\ntold(subprocess.run, ['/bin/sh', '-c', 'id'])", "EPERM\n"),
    Attack("another interpreter", "told(os.execv, sys.executable, ['python3', '-c', 'print(1)'])", "EPERM\n"),
    Attack(
        "its own executable",
        "with open('/tmp/x', 'wb') as file: file.write(open(sys.executable, 'rb').read())\nos.chmod('/tmp/x', 0o755)\n"
        "told(os.execv, '/tmp/x', ['x'])",
        "EPERM\n",
    ),
    Attack(
        "killing its parent",
        "print(os.getpid(), os.getppid())\ntold(os.kill, facts['pid'], 9)\ntold(os.kill, 2, 9)",
        "1 0\nESRCH\nESRCH\n",
    ),
    Attack("killing everybody", "told(os.kill, -1, 9)", "ESRCH\n"),
    Attack(
        "the service's memory",
        "told(open, f\"/proc/{facts['pid']}/environ\")\ntold(os.listdir, '/proc')",
        "ENOENT\n" * 2,
    ),
    Attack(
        "tracing",
        "told(call, numbers['ptrace'], 16, facts['pid'], 0, 0)\ntold(call, numbers['process_vm_readv'], facts['pid'])\n"
        "told(call, numbers['pidfd_open'], facts['pid'], 0)",
        "EPERM\n" * 3,
    ),
    Attack("dumping core", "told(call, numbers['prctl'], 4, 1, 0, 0, 0)", "ENOSYS\n"),
    Attack("outliving its parent", "told(call, numbers['prctl'], 1, 0, 0, 0, 0)", "ENOSYS\n"),
    Attack(
        "higher limits",
        "import resource\ntry: resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\n"
        "except ValueError as error: print(error)",
        "not allowed to raise maximum limit\n",
    ),
    Attack("a better place in the queue", "told(os.nice, -20)", "EPERM\n"),
    Attack("its environment", "print(*sorted(os.environ))", "HOME LANG PWD TMPDIR\n"),
    Attack(
        "inherited descriptors",
        "def there(n):\n  try: os.fstat(n)\n  except OSError: return False\n  return True\n"
        "print([n for n in range(4096) if there(n)])",
        "[0, 1, 2]\n",
    ),
    Attack("its standard input", "input()", reason=r".*: EOFError: EOF when reading a line"),
]

KERNEL = [
    Attack("a user namespace", "told(call, numbers['unshare'], 0x10000000)", "EPERM\n"),
    Attack("a namespace by clone", "told(call, numbers['clone'], 0x10000011, 0, 0, 0, 0)", "EPERM\n"),
    Attack("a thread with a namespace", "told(call, numbers['clone'], 0x10010000, 0, 0, 0, 0)", "ENOSYS\n"),
    Attack("clone3", "told(call, numbers['clone3'], 0, 0)", "ENOSYS\n"),
    Attack("a mount", "told(call, numbers['mount'], 0, 0, 0, 0, 0)", "EPERM\n"),
    Attack("io_uring", "told(call, numbers['io_uring_setup'], 8, 0)", "EPERM\n"),
    Attack(
        "a filter of its own",
        "told(call, numbers['seccomp'], 1, 0, 0)\ntold(call, numbers['prctl'], 22, 1, 0, 0, 0)",
        "EPERM\n" * 2,
    ),
    Attack("typing into a terminal", "import fcntl\ntold(fcntl.ioctl, 0, 0x5412, b'x')", "ENOSYS\n"),
    Attack(
        "everything forbidden",
        "def answer(number):\n  try: call(number)\n  except OSError as error: return errno.errorcode[error.errno]\n"
        "  return 'allowed'\n"
        "print({name: a for name in forbidden if (a := answer(numbers[name])) != 'EPERM'})",
        "{}\n",
    ),
]

# The machine code enters the kernel through the gate for 32 bit programs.
FOREIGN = [
    Attack(
        "system calls of another architecture",
        "import mmap\npage = mmap.mmap(-1, 4096, prot=7)\npage.write(bytes.fromhex('b814000000cd80c3'))\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()",
        reason=r"The program was ended by SIGSYS\.",
        signal=31,
    ),
    Attack("system calls of x32", "call(0x40000027)", reason=r"The program was ended by SIGSYS\.", signal=31),
]

NETWORK = [
    Attack(
        "a port of this machine",
        "import socket\ntold(socket.create_connection, ('127.0.0.1', facts['port']))",
        "EPERM\n",
    ),
    Attack(
        "any socket",
        "import socket\n"
        "for family, kind in ((2, 1), (2, 2), (10, 1), (1, 1), (1, 2), (2, 3), (17, 3), (16, 3), (40, 1)):\n"
        "  told(socket.socket, family, kind)",
        "EPERM\n" * 9,
    ),
    Attack(
        "an abstract socket of this machine",
        "import socket\na, b = socket.socketpair()\ntold(a.connect, facts['abstract'])\ntold(a.bind, '\\0x')",
        "EPERM\n" * 2,
    ),
    Attack("a pair of another family", "import socket\ntold(socket.socketpair, socket.AF_INET)", "ENOSYS\n"),
]

ATTACKS = [
    *TIME, *MEMORY, *OUTPUT, *FILES, *PROCESSES, *KERNEL, *NETWORK,
    *(FOREIGN if platform.machine() == "x86_64" else []),
]  # fmt: skip
