import contextlib
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field

import pytest

from job_service.worker.programs import Ended, Run, run
from tests.system.programs.processes import DEADLINE, ends, parent_of

FAMILY = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
asleep = [sys.executable, "-c", "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
          "print('up', flush=True); sys.stdin.read()"]
reading, writing = os.pipe()
children = [subprocess.Popen(asleep, stdin=reading, stdout=subprocess.PIPE, start_new_session=own)
            for own in (False, True)]
for child in children:
    child.stdout.readline()
print(*(each.pid for each in children), os.getpid(), flush=True)
"""
STAYING = FAMILY + "os.read(reading, 1)\n"
LEAVING = FAMILY


@dataclass
class Heard:
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    first: threading.Event = field(default_factory=threading.Event)

    def out(self, line):
        self.stdout.append(line)
        self.first.set()

    def pids(self):
        return [int(each) for each in self.stdout[0].split()]


def python(program):
    return [sys.executable, "-c", program]


def heard_from(argv, **how):
    heard = Heard()
    ended = run(Run(argv, on_stdout=heard.out, on_stderr=heard.stderr.append, **how))
    return ended, heard


def test_a_program_gets_its_input_and_is_heard_line_by_line():
    ended, heard = heard_from(
        python("import sys; print(sys.stdin.read().upper()); print('why', file=sys.stderr)"), stdin=b"a\nb"
    )
    assert ended == Ended(0, stopped=False)
    assert (heard.stdout, heard.stderr) == (["A", "B"], ["why"])


@pytest.mark.parametrize("status", [1, 3, 127, 255])
def test_the_exit_status_comes_through(status):
    ended, _ = heard_from(python(f"raise SystemExit({status})"))
    assert ended == Ended(status, stopped=False)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=str)
def test_the_signal_that_ended_it_comes_through(signum):
    ended, _ = heard_from(python(f"import os; os.kill(os.getpid(), {int(signum)})"))
    assert ended == Ended(-signum, stopped=False)


@pytest.mark.parametrize("argv", [["/no/such/program"], ["no-such-program"], ["/"]], ids=str)
def test_a_program_that_cannot_start_says_why(argv):
    ended, heard = heard_from(argv)
    assert ended == Ended(127, stopped=False)
    assert heard.stderr[0].startswith(f"{argv[0]}: ")


def test_arguments_reach_no_shell():
    given = ["; echo no", "$(id)", "`id`", "*", "-x", "", "a\nb", "'\""]
    _, heard = heard_from([*python("import sys; print(ascii(sys.argv[1:]))"), *given])
    assert heard.stdout == [ascii(given)]


def test_a_program_sees_only_the_environment_it_is_given():
    _, heard = heard_from(
        [sys.executable, "-I", "-S", "-c", "import os; print(sorted(os.environ))"], environment={"JOB_ID": "7"}
    )
    assert "JOB_ID" in heard.stdout[0]
    assert "PATH" not in heard.stdout[0]


def test_a_program_holds_no_descriptor_of_the_worker():
    _, heard = heard_from(["ls", "/proc/self/fd"])
    assert heard.stdout == ["0", "1", "2", "3"]


def test_a_program_need_not_read_its_input():
    ended, _ = heard_from(["true"], stdin=b"x" * 10_000_000)
    assert ended == Ended(0, stopped=False)


def test_input_and_output_larger_than_a_pipe_flow_at_the_same_time():
    document = b"x" * 99 + b"\n"
    ended, heard = heard_from(["cat"], stdin=document * 50_000)
    assert ended == Ended(0, stopped=False)
    assert len(heard.stdout) == 50_000


def test_a_line_without_end_comes_in_pieces():
    _, heard = heard_from(python("import sys; sys.stdout.write('é' * 10000)"))
    assert "".join(heard.stdout) == "é" * 10000
    assert max(map(len, heard.stdout)) == 4096


def test_what_is_no_text_is_replaced():
    _, heard = heard_from(python(r"import sys; sys.stdout.buffer.write(b'\xff\xfe\r\nend\r')"))
    assert heard.stdout == ["\ufffd\ufffd", "end"]


def test_a_stop_lets_a_program_tidy_up():
    heard = Heard()
    tidy = "import signal; signal.signal(15, lambda *_: exit(9)); print('up', flush=True); signal.pause()"
    ended = run(Run(python(tidy), on_stdout=heard.out, should_stop=heard.first.is_set, grace_seconds=DEADLINE))
    assert ended == Ended(9, stopped=True)


def test_a_stop_ends_the_whole_family_even_what_ignores_it():
    heard = Heard()
    ended = run(Run(python(STAYING), on_stdout=heard.out, should_stop=heard.first.is_set, grace_seconds=0.2))
    assert ended == Ended(-signal.SIGKILL, stopped=True)
    assert len(heard.pids()) == 3
    assert all(ends(pid) for pid in heard.pids())


def test_what_a_program_leaves_running_ends_with_it():
    ended, heard = heard_from(python(LEAVING))
    assert ended == Ended(0, stopped=False)
    assert all(ends(pid) for pid in heard.pids())


def test_an_error_of_a_listener_ends_the_program():
    heard = Heard()

    def fail(line):
        heard.out(line)
        raise LookupError

    with pytest.raises(LookupError):
        run(Run(python(STAYING), on_stdout=fail, grace_seconds=0.2))
    assert all(ends(pid) for pid in heard.pids())


WORKER = """
import sys
from job_service.worker.programs import Run, run
run(Run([sys.executable, "-c", sys.argv[1]], on_stdout=lambda line: print(line, flush=True), grace_seconds=0.2))
"""


@contextlib.contextmanager
def worker_with(program):
    with subprocess.Popen([*python(WORKER), program], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        try:
            yield worker, [int(each) for each in worker.stdout.readline().split()]
        finally:
            worker.kill()


def test_a_worker_killed_leaves_nothing_of_its_program():
    with worker_with(STAYING) as (worker, pids):
        assert len(pids) == 3
        worker.kill()
        worker.wait(DEADLINE)
        assert all(ends(pid) for pid in pids)


def test_a_guardian_killed_takes_the_program_with_it():
    with worker_with(STAYING) as (worker, pids):
        program = pids[-1]
        guardian = parent_of(program)
        assert guardian != worker.pid
        os.kill(guardian, signal.SIGKILL)
        assert ends(program)
        # What the program left still holds its pipes, and the worker does not wait for that.
        assert worker.wait(DEADLINE) == 0
        for orphan in pids[:-1]:
            os.kill(orphan, signal.SIGKILL)
