"""The first code inside, by itself: no sandbox around it, and no filter."""

import json
import os
import subprocess
import sys

import pytest

from job_service.worker.sandbox import bootstrap

LIMITS = {"RLIMIT_CORE": 0, "RLIMIT_NOFILE": 64}


def run(code, variables=None, limits=None, document=None, settings=None):
    settings = settings or {"ready": None, "limits": limits or LIMITS, "nice": 0, "filter": None}
    content = json.dumps({"code": code, "input": variables or {}}).encode() if document is None else document
    return subprocess.run(
        [sys.executable, bootstrap.__file__, json.dumps(settings)],
        input=content,
        capture_output=True,
        env={**os.environ, "LD_LIBRARY_PATH": "/nowhere"},
        check=False,
    )


def test_the_program_is_main_and_its_input_its_globals():
    done = run("print(__name__, a, sys_ := __import__('sys').argv)", {"a": 1})

    assert done.stdout == b"__main__ 1 ['program.py']\n"
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "code",
    [
        "\ufeffprint('é')",
        "# -*- coding: latin-1 -*-\nprint('é')",
        'if True:\r\n    print("""é""")\r\n',
        "print('é')\r",
    ],
    ids=ascii,
)
def test_a_text_of_any_editor_runs(code):
    assert run(code).stdout.decode() == "é\n"


def test_the_limits_hold():
    code = "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE))"

    assert run(code).stdout == b"(64, 64) (0, 0)\n"


def test_what_served_to_get_here_is_gone():
    code = "import os, sys\nprint('LD_LIBRARY_PATH' in os.environ, repr(sys.stdin.read()))\nexit(4)"

    done = run(code)

    assert done.stdout == b"False ''\n"
    assert done.returncode == 4


@pytest.mark.parametrize("document", [b"", b'{"code": "print(1)", "inp', b'{"code": "print(1)"}'])
def test_a_document_that_breaks_off_is_not_run(document):
    done = run("", document=document)

    assert done.returncode == 1
    assert done.stdout == b""


@pytest.mark.parametrize(
    "settings",
    [
        {"ready": None, "limits": {"RLIMIT_NOFILE": 1 << 62}, "nice": 0, "filter": None},
        {"ready": None, "limits": {}, "nice": 0, "filter": "AAAA"},
        {"ready": 64, "limits": {}, "nice": 0, "filter": None},
    ],
    ids=["a limit that cannot be set", "a filter that is none", "nobody to report to"],
)
def test_without_its_limits_it_does_not_run_the_program(settings):
    done = run("print(1)", settings=settings)

    assert done.returncode == 1
    assert done.stdout == b""


def test_a_traceback_shows_the_program_alone():
    done = run("def f():\n    1 / 0\nf()")

    assert done.returncode == 1
    assert [line.strip() for line in done.stderr.decode().splitlines() if "File" in line] == [
        'File "program.py", line 3, in <module>',
        'File "program.py", line 2, in f',
    ]


def test_an_exception_that_cannot_be_formatted_still_has_its_name():
    code = "import traceback\ntraceback.format_exception = None\nraise LookupError"

    assert run(code).stderr == b"LookupError\n"


def test_an_exception_that_cannot_be_written_is_still_an_error():
    done = run("import os\nos.close(2)\nraise LookupError")

    assert (done.returncode, done.stderr) == (1, b"")
