import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from job_service.worker.lambda_executor import LambdaExecutor, Patience
from job_service.worker.lambda_function import handler as function
from job_service.worker.lambda_function.pack import HANDLER, main, pack
from job_service.worker.sandbox.errors import SandboxUnavailable

ROOT = Path(__file__).parents[3]
EVENT = {"code": "print(1)", "input": {}}


def test_the_same_files_make_the_same_zip(tmp_path):
    pack(tmp_path / "one.zip")
    pack(tmp_path / "new" / "two.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "new" / "two.zip").read_bytes()


def test_the_zip_has_the_handler_and_little_else(tmp_path):
    pack(tmp_path / "function.zip")

    with zipfile.ZipFile(tmp_path / "function.zip") as archive:
        names = archive.namelist()
        assert all(entry.external_attr >> 16 == 0o100644 for entry in archive.infolist())
    assert f"{HANDLER.rpartition('.')[0].replace('.', '/')}.py" in names
    assert len(names) < 12


def test_the_script_packs_and_says_what_the_handler_is_called(tmp_path):
    done = subprocess.run(
        [ROOT / "scripts/pack-lambda", tmp_path / "function.zip"],
        env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{tmp_path / 'function.zip'}\nhandler: {HANDLER}\n"
    assert zipfile.is_zipfile(tmp_path / "function.zip")


def test_without_a_name_the_zip_goes_where_builds_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    main([])

    assert zipfile.is_zipfile(tmp_path / "dist/lambda.zip")
    assert capsys.readouterr().out.startswith("dist/lambda.zip\n")


def test_nowhere_but_on_aws_a_folder_is_emptied_that_nobody_named(monkeypatch):
    monkeypatch.delenv("CODE_SCRATCH", raising=False)
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)

    with pytest.raises(function.NotOnLambda, match="CODE_SCRATCH names no folder"):
        function.handler(EVENT, None)


def test_on_aws_it_is_the_only_folder_there_is(monkeypatch):
    monkeypatch.delenv("CODE_SCRATCH", raising=False)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "code")

    assert function._scratch() == Path("/tmp")


@pytest.mark.parametrize("event", [{}, {"code": "x"}, {"code": 1, "input": {}}, {"code": "x", "input": []}])
def test_what_is_no_program_is_not_run(event):
    with pytest.raises(function.NotAnEvent):
        function.handler(event, None)


class Context:
    def __init__(self, milliseconds):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self.milliseconds


@pytest.mark.parametrize(("setting", "left", "seconds"), [("7", 60_000, 7), ("7", 5_000, 4), ("7", 500, 0)])
def test_a_program_is_stopped_before_aws_stops_the_function(monkeypatch, setting, left, seconds):
    monkeypatch.setenv("CODE_TIMEOUT_SECONDS", setting)

    assert function._seconds(Context(left)) == seconds


def test_pauses_double_up_to_a_most_and_half_of_each_is_chance():
    assert [Patience(chance=lambda: 0.0).pause(tried) for tried in range(1, 8)] == [0.25, 0.5, 1, 2, 4, 4, 4]
    assert [Patience(chance=lambda: 1.0).pause(tried) for tried in range(1, 8)] == [0.5, 1, 2, 4, 8, 8, 8]


def test_without_boto3_the_executor_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "job_service.worker.lambda_invocation", raising=False)
    monkeypatch.delattr("job_service.worker.lambda_invocation", raising=False)

    with pytest.raises(SandboxUnavailable, match=r"^No sandbox is available: boto3 is not installed"):
        LambdaExecutor("code", "eu-north-1")
