"""What a program that means no harm can count on."""

import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from job_service.worker.sandbox.execution import Limits
from tests.system.sandbox.tiers import OwnTier

LIMITS = Limits(seconds=5)


@pytest.fixture(scope="module")
def executor():
    return OwnTier().executor(LIMITS, concurrency=1)


def test_its_input_is_its_variables_and_what_it_prints_its_output(tier):
    execution = tier.run("print(a + b)", {"a": 5, "b": 3}, LIMITS)

    assert (execution.outcome, execution.output, execution.log, execution.reason) == ("done", "8\n", "", None)
    assert execution.exit_status == 0
    assert not execution.truncated


def test_an_exception_is_an_error_with_the_traceback_of_the_program_alone(tier):
    code = "def half(x):\n    return x / 0\n\nprint('so far')\nhalf(3)\n"

    execution = tier.run(code, {}, LIMITS)

    assert execution.outcome == "error"
    assert execution.output == "so far\n"
    assert execution.reason == "The program ended with exit status 1: ZeroDivisionError: division by zero"
    assert execution.log.startswith(
        'Traceback (most recent call last):\n  File "program.py", line 5, in <module>\n    half(3)\n'
    )
    assert execution.log.count("File ") == 2
    assert "bootstrap" not in execution.log


@pytest.mark.parametrize(
    ("code", "last_line"),
    [
        ("x = = 1", "SyntaxError: invalid syntax"),
        ("print(1)\0", "ValueError: source code string cannot contain null bytes"),
        ("import numpy", "ModuleNotFoundError: No module named 'numpy'"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        (
            "class Odd(Exception):\n  def __str__(self): return 1 / 0\nraise Odd",
            "Odd: <exception str() failed>",
        ),
        ("import sys\nsys.stderr = None\n1 / 0", "ZeroDivisionError: division by zero"),
        ("x = '\\udc80'\nraise ValueError(x)", "ValueError: \\udc80"),
    ],
)
def test_whatever_it_raises_is_told(executor, code, last_line):
    execution = executor.run(code, {})

    assert execution.outcome == "error"
    assert execution.log.splitlines()[-1] == last_line
    assert execution.exit_status == 1


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("import sys; sys.exit(0)", 0, None),
        ("exit()", 0, None),
        ("import sys; sys.exit(1)", 1, "The program ended with exit status 1."),
        ("import sys; sys.exit('no such thing')", 1, "The program ended with exit status 1: no such thing"),
        ("import os; os._exit(7)", 7, "The program ended with exit status 7."),
    ],
)
def test_it_can_end_itself(executor, code, status, reason):
    execution = executor.run(code, {})

    assert (execution.exit_status, execution.reason) == (status, reason)
    assert execution.outcome == ("error" if reason else "done")


USEFUL = {
    "if __name__ == '__main__': print(__name__)": "__main__",
    "import json, hashlib, sqlite3, decimal, zlib, lzma, bz2; print('ok')": "ok",
    "import asyncio\nasync def main(): return 7\nprint(asyncio.run(main()))": "7",
    "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor(4) as pool: print(sum(pool.map(abs, [-1, -2])))": "3",
    "import tempfile\nwith tempfile.TemporaryFile('w+') as f:\n  f.write('x'); f.seek(0); print(f.read())": "x",
    "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)": "A",
    "import shutil\nopen('/tmp/a', 'w').write('b')\nshutil.copy2('/tmp/a', '/tmp/c')\n"
    "print(open('/tmp/c').read())": "b",
    "import random, uuid, secrets, datetime, time; time.sleep(0.01); print(len(str(uuid.uuid4())))": "36",
    "print('é ☃ 𝄞')": "é ☃ 𝄞",
    "import logging; logging.warning('w'); print(1)": "1",
    "import threading\nthreading.Thread(target=lambda: print('late')).start()": "late",
    "import zoneinfo, datetime\nat = datetime.datetime(2018, 12, 1, tzinfo=zoneinfo.ZoneInfo('America/Sao_Paulo'))\n"
    "print(at.utcoffset(), len(zoneinfo.available_timezones()) > 300)": "-1 day, 22:00:00 True",
    "import os, time, datetime\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()\n"
    "print(datetime.datetime.fromtimestamp(0))": "1970-01-01 09:00:00",
    "import shelve\nwith shelve.open('/tmp/s') as s: s['a'] = [1]; print(s['a'])": "[1]",
    "import ssl, ctypes; ssl.create_default_context(); print(ctypes.CDLL(None).getpid())": "1",
    "import uuid, platform\nprint(uuid.uuid1().version, platform.uname().system)": "1 Linux",
    "print = max\nimport sys; sys.stdout.write(str(print(1, 2)))": "2",
}


@pytest.mark.parametrize("code", USEFUL, ids=range(len(USEFUL)))
def test_the_standard_library_serves_it(tier, code):
    execution = tier.run(code, {}, LIMITS)

    assert (execution.outcome, execution.output.strip()) == ("done", USEFUL[code]), execution


#: Of other systems, or not part of every Python: Tk, and what stands on it, and a database of GNU.
NOT_EVERYWHERE = {"_gdbm", "_tkinter", "tkinter", "turtle", "turtledemo", "idlelib"}
OF_WINDOWS_AND_MACS = {"_msi", "_overlapped", "_scproxy", "_winapi", "msilib", "msvcrt", "nt", "winreg", "winsound"}
#: These act when they are imported: one opens a browser, the other prints.
ACTING = {"antigravity", "this"}


def test_every_module_of_the_standard_library_can_be_imported(executor):
    names = sorted(sys.stdlib_module_names - NOT_EVERYWHERE - OF_WINDOWS_AND_MACS - ACTING)
    code = "import importlib\nfor name in names: importlib.import_module(name)\nprint(len(names))"

    execution = executor.run(code, {"names": names})

    assert (execution.outcome, execution.output) == ("done", f"{len(names)}\n"), execution.log


@pytest.mark.parametrize(
    ("name", "spelled"), [("nº", "nº + no"), ("µ", "µ + μ"), ("cafe\u0301", "caf\u00e9 + cafe\u0301")]
)
def test_a_name_of_the_input_is_known_however_the_program_spells_it(executor, name, spelled):
    assert executor.run(f"print({spelled})", {name: 2}).output == "4\n"


def test_an_input_may_hide_a_built_in_but_only_for_the_program(executor):
    assert executor.run("print_ = __builtins__\nimport sys\nsys.stdout.write(print)", {"print": "x"}).output == "x"


def test_a_large_program_and_input_arrive_whole(executor):
    code = f"{'# padding' * 100_000}\nprint(len(x), x[-1])"

    assert executor.run(code, {"x": list(range(300_000))}).output == "300000 299999\n"


@pytest.mark.parametrize("name", ["__builtins__", "__name__", "a b", "class", "", "1x"])
def test_a_name_that_cannot_be_a_variable_is_refused(executor, name):
    execution = executor.run("print(1)", {name: 1})

    assert execution.outcome == "error"
    assert execution.output == ""
    assert execution.reason == f"The input's name {name!r} cannot be a variable."


def test_its_peak_of_memory_is_measured(tier):
    small = tier.run("pass", {}, LIMITS)
    large = tier.run("x = bytearray(b'x') * 200_000_000", {}, LIMITS)

    assert 5e6 < small.peak_memory_bytes < 60e6
    assert 200e6 < large.peak_memory_bytes < 260e6


def test_output_is_heard_while_it_comes(executor):
    heard = threading.Event()
    cancelled = threading.Event()
    texts = []

    def on_output(text):
        texts.append(text)
        heard.set()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(executor.run, "print('first')\nimport time; time.sleep(60)", {}, on_output, cancelled)
        assert heard.wait(5)
        assert not running.done()
        cancelled.set()
        execution = running.result(5)

    assert texts == ["first\n"]
    assert execution.reason == "The program was cancelled."
    assert execution.outcome == "error"


def test_a_listener_that_fails_leaves_no_program_behind(executor):
    def on_output(text):
        raise LookupError(text)

    with pytest.raises(LookupError):
        executor.run("print(1)\nwhile True: pass", {}, on_output)

    assert OwnTier().left() == []
    assert executor.run("print(2)", {}).output == "2\n"


def test_who_waits_for_a_place_can_be_cancelled(executor):
    first, second = threading.Event(), threading.Event()
    on = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(executor.run, "print(1)\nwhile True: pass", {}, lambda _: on.set(), first)
        assert on.wait(5)
        waiting = pool.submit(executor.run, "print(2)", {}, None, second)
        second.set()
        assert waiting.result(5).reason == "The program was cancelled."
        assert not running.done()
        first.set()
        assert running.result(5).output == "1\n"


def test_layers_are_named(executor):
    assert executor.layers[:3] == ["namespaces", "seccomp", "resource limits"]


def test_code_is_taken_as_it_is(executor):
    code = textwrap.dedent('''
        text = """a
          b"""
        print(repr(text))
    ''')
    assert executor.run(code, {}).output == "'a\\n  b'\n"
