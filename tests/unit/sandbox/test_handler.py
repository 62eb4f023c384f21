"""The function of AWS Lambda in a process of its own, since it ends all children of the one it is in."""

import json
import os
import subprocess
import sys

import pytest

CALL = """
import json, sys
from job_service.worker.lambda_function import handler as function

class Context:
    def get_remaining_time_in_millis(self):
        return 60_000

try:
    print(json.dumps(function.handler(json.loads(sys.argv[1]), Context())))
except function.ProgramStopped as error:
    print(json.dumps({"stopped": str(error)}))
"""


@pytest.fixture
def scratch(tmp_path):
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "from before").touch()
    (tmp_path / "left").chmod(0)
    (tmp_path / "beside").touch()
    (tmp_path / "link").symlink_to("/")
    return tmp_path


@pytest.fixture
def call(scratch):
    def call(code, variables=None):
        event = json.dumps({"code": code, "input": variables or {}})
        done = subprocess.run(
            [sys.executable, "-c", CALL, event],
            env={**os.environ, "CODE_SCRATCH": str(scratch), "CODE_TIMEOUT_SECONDS": "5", "SECRET": "x"},
            capture_output=True,
            check=True,
        )
        assert done.stderr == b""
        return json.loads(done.stdout)

    return call


def test_it_answers_with_the_status_and_the_output(call, scratch):
    assert call("import os; print(a, sorted(os.environ), os.listdir())", {"a": 1}) == [
        0,
        "1 ['HOME', 'LANG', 'TMPDIR'] []\n",
    ]
    assert list(scratch.iterdir()) == []


def test_a_failure_has_the_traceback_behind_the_output(call):
    code, output = call("print('out')\nraise LookupError('why')")

    assert code == 1
    assert output.startswith("out\nTraceback")
    assert output.endswith("LookupError: why\n")


def test_errors_of_a_program_that_did_well_are_not_its_output(call):
    assert call("import sys; print('out'); print('err', file=sys.stderr)") == [0, "out\n"]


def test_what_prints_without_end_is_stopped(call):
    assert call("while True: print('x' * 9999)") == {
        "stopped": "The program printed more than 1,000,000 bytes and was stopped.",
    }


def test_what_ran_away_is_ended(call):
    code = (
        "import os, time\n"
        "reading, writing = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        os.write(writing, str(os.getpid()).encode())\n"
        "        time.sleep(3600)\n"
        "    os._exit(0)\n"
        "print(os.read(reading, 100).decode())\n"
    )

    status, output = call(code)

    assert status == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(output), 0)
