"""Programs on AWS Lambda, by boto3 itself over HTTP, to the function as it is packed."""

import json
import threading
from pathlib import Path

import pytest

from job_service.worker.lambda_executor import LambdaExecutor, Patience
from tests.system.lambda_server import CANARY, Environment, LambdaServer

REGION = "eu-north-1"
SECONDS = 1.0


class Slept:
    """Sleeps not at all, and knows how long it would have been."""

    def __init__(self):
        self.pauses = []

    def __call__(self, seconds):
        self.pauses.append(seconds)


@pytest.fixture(autouse=True)
def credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture(scope="module")
def environment():
    environment = Environment(SECONDS, function_seconds=30)
    yield environment
    environment.close()


@pytest.fixture
def server(environment):
    with LambdaServer({"code": environment}) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def slept():
    return Slept()


@pytest.fixture
def run(server, slept):
    """Run a program by a function of the server, with the executor's settings."""

    def run(code, variables=None, function="code", on_output=None, cancelled=None, **settings):
        executor = LambdaExecutor(
            function,
            REGION,
            endpoint_url=server.url,
            patience=Patience(sleep=slept, chance=lambda: 0.5),
            **settings,
        )
        return executor.run(code, variables or {}, on_output, cancelled)

    return run


def test_its_input_is_its_variables_and_what_it_prints_its_output(run, server):
    heard: list[str] = []

    execution = run("print(a + b)", {"a": 5, "b": 3}, on_output=heard.append)

    assert (execution.outcome, execution.output, execution.reason, execution.exit_status) == ("done", "8\n", None, 0)
    assert heard == ["8\n"]
    ((path, body),) = server.requests
    assert path == "/2015-03-31/functions/code/invocations"
    assert json.loads(body) == {"input": {"a": 5, "b": 3}, "code": "print(a + b)"}


def test_an_exception_is_an_error_with_its_traceback(run):
    execution = run("print('so far')\n1 / 0")

    assert execution.outcome == "error"
    assert execution.reason == "The program ended with exit status 1: ZeroDivisionError: division by zero"
    assert execution.log.startswith(
        'so far\nTraceback (most recent call last):\n  File "program.py", line 2, in <module>'
    )
    assert execution.output == ""


def test_a_program_that_is_killed_is_an_error(run):
    execution = run("import os; os.kill(os.getpid(), 9)")

    assert (execution.outcome, execution.exit_status) == ("error", None)
    assert execution.reason == "The program was ended by SIGKILL."
    assert execution.signal == 9


@pytest.mark.parametrize("code", ["while True: pass", "import os, time\nos.close(1); os.close(2)\ntime.sleep(600)"])
def test_an_endless_program_is_stopped_at_its_limit(run, code):
    execution = run(code)

    assert execution.outcome == "error"
    assert execution.reason == "The program was stopped after 1 seconds."
    assert SECONDS <= execution.duration_seconds <= SECONDS + 2


def test_endless_output_is_stopped(run):
    execution = run("while True: print('x' * 10_000)")

    assert execution.reason == "The program printed more than 1,000,000 bytes and was stopped."
    assert execution.outcome == "error"


def test_the_function_s_own_timeout_is_a_sentence(run, server):
    hasty = Environment(program_seconds=60, function_seconds=0.5)
    server.functions["hasty"] = hasty

    execution = run("while True: pass", function="hasty")
    hasty.close()

    assert execution.reason == "The program was stopped by AWS Lambda after 0.5 seconds."
    assert execution.outcome == "error"


def test_a_program_that_kills_the_runtime_is_an_error_and_the_next_one_runs(run):
    execution = run("import os; os.kill(os.getppid(), 9)")

    assert execution.reason == "Runtime exited with error: signal: killed"
    assert run("print(1)").output == "1\n"


def test_nothing_of_a_program_is_left_for_the_next(run, environment):
    first = run(
        "import os, pathlib\n"
        "pathlib.Path('/proc/self/cwd/left').write_text('x')\n"
        "os.makedirs('deep/er'); os.chmod('deep', 0)\n"
        "os.symlink('/etc', 'link')\n"
        f"pathlib.Path({str(environment.folder / 'tmp' / 'beside')!r}).write_text('x')\n",
    )
    second = run(f"import os; print(os.listdir(), os.listdir({str(environment.folder / 'tmp')!r}))")

    assert (first.outcome, first.log) == ("done", "")
    assert second.output == "[] ['program']\n"
    assert list((environment.folder / "tmp").iterdir()) == []
    assert Path("/etc").is_dir()


def test_a_process_that_ran_away_is_ended_before_the_answer(run):
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

    execution = run(code)

    assert execution.outcome == "done"
    assert int(execution.output) > 1
    assert not Path(f"/proc/{int(execution.output)}").exists()


def test_the_function_s_credentials_are_hidden_from_the_program(run):
    execution = run("import os; print(sorted(os.environ))\nprint(open(f'/proc/{os.getppid()}/environ').read())")

    assert CANARY not in execution.output + execution.log
    assert run("import os; print(sorted(os.environ))").output == "['HOME', 'LANG', 'TMPDIR']\n"


def throttling(times):
    left = iter(range(times))

    def answer(handler):
        if next(left, None) is None:
            handler.answer(b'[0, "at last"]')
        else:
            handler.refuse(429, "TooManyRequestsException")

    return answer


def test_throttling_is_tried_again_after_growing_pauses(run, server, slept):
    server.functions["busy"] = throttling(3)

    execution = run("", function="busy")

    assert (execution.outcome, execution.output) == ("done", "at last")
    assert slept.pauses == [0.375, 0.75, 1.5]
    assert len(server.requests) == 4


def test_throttling_without_end_is_an_error(run, server, slept):
    server.functions["busy"] = throttling(100)

    execution = run("", function="busy")

    assert execution.reason == "AWS Lambda was too busy 6 times."
    assert execution.outcome == "error"
    assert len(server.requests) == 6
    assert slept.pauses == [0.375, 0.75, 1.5, 3.0, 6.0]


def test_a_throttled_program_can_be_cancelled(run, server):
    cancelled = threading.Event()

    def busy(handler):
        cancelled.set()
        handler.refuse(429, "TooManyRequestsException")

    server.functions["busy"] = busy

    assert run("", function="busy", cancelled=cancelled).reason == "The program was cancelled."
    assert len(server.requests) == 1


def refusing(status, code):
    return lambda handler: handler.refuse(status, code)


def answering(payload, *, failed=False):
    return lambda handler: handler.answer(payload, failed=failed)


NOT_AN_ANSWER = "AWS Lambda's answer is neither [returncode, output] nor an error."


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (None, "AWS Lambda has no function 'other' in eu-north-1."),
        (refusing(413, "RequestTooLargeException"), "The program and its input are too large for AWS Lambda."),
        (refusing(403, "AccessDeniedException"), "AWS refused the worker's credentials (AccessDeniedException)."),
        (refusing(500, "ServiceException"), "AWS Lambda failed (ServiceException)."),
        (refusing(502, "EFSIOException"), "AWS Lambda failed (EFSIOException)."),
        (answering(b"<html>"), "AWS Lambda's answer is not JSON."),
        (answering(b"\xff"), "AWS Lambda's answer is not JSON."),
        (answering(b"[" * 200_000), "AWS Lambda's answer is not JSON."),
        (answering(b"{}"), NOT_AN_ANSWER),
        (answering(b"[0]"), NOT_AN_ANSWER),
        (answering(b'[true, "x"]'), NOT_AN_ANSWER),
        (answering(b'["0", "x"]'), NOT_AN_ANSWER),
        (answering(b'[0, {"x": 1}]'), NOT_AN_ANSWER),
        (answering(b'[0, "x"]', failed=True), NOT_AN_ANSWER),
        (answering(b'{"errorMessage": "Unable to import module"}', failed=True), "Unable to import module"),
        (answering(json.dumps({"errorMessage": "x" * 9000}).encode(), failed=True), "x" * 500),
        (answering(b'[0, "%s"]' % (b"x" * 1_000_001)), "AWS Lambda answered more than 1,000,000 bytes."),
    ],
)
def test_whatever_aws_answers_the_program_is_sent_once_and_the_reason_is_a_sentence(run, server, function, reason):
    server.functions["other"] = function

    execution = run("print(1)", function="other", payload_limit=1_000_000)

    assert (execution.outcome, execution.output, execution.reason) == ("error", "", reason)
    assert "arn:" not in execution.log + str(execution.reason)
    assert len(server.requests) == 1


def test_what_is_too_large_is_not_sent(run, server):
    execution = run("x" * 1000, payload_limit=1000)

    assert execution.reason == "The program and its input are too large for AWS Lambda."
    assert server.requests == []


def test_a_name_that_cannot_be_a_variable_is_not_sent(run, server):
    assert run("", {"__name__": 1}).reason == "The input's name '__name__' cannot be a variable."
    assert server.requests == []


def test_an_answer_that_does_not_come_is_not_waited_for_nor_asked_for_again(run, server, monkeypatch):
    monkeypatch.setattr("job_service.worker.lambda_invocation._GRACE_SECONDS", 0.2)
    over = threading.Event()
    server.functions["silent"] = lambda handler: over.wait(30)

    execution = run("", function="silent", timeout=0.1)
    over.set()

    assert execution.reason == "AWS Lambda did not answer within 0.3 seconds."
    assert len(server.requests) == 1


def test_an_answer_that_breaks_off_is_an_error(run, server):
    def breaking(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"[0, ")
        handler.close_connection = True

    server.functions["breaking"] = breaking

    execution = run("", function="breaking")

    assert str(execution.reason).startswith("The answer of AWS Lambda broke off (")
    assert len(server.requests) == 1


def test_nobody_there(slept):
    with LambdaServer({}) as server:
        url = server.url
    executor = LambdaExecutor("code", REGION, endpoint_url=url, patience=Patience(sleep=slept))

    assert executor.run("", {}).reason == "AWS Lambda cannot be reached."
    assert slept.pauses == []


def test_no_credentials(run, server, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    assert run("").reason == "The worker has no credentials for AWS."
    assert server.requests == []
