"""What Tab offers, asked of a real bash."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import get_args

import orjson
import pytest
from click.testing import CliRunner

from job_service.client.jobs import State
from job_service.command.completing import KINDS
from job_service.command.main import main

NOWHERE = "http://127.0.0.1:1"
JOBS = [
    {"jobId": "0190-a", "kind": "dataset", "state": "queued"},
    {"jobId": "0191-b", "kind": "code", "state": "failed"},
]
KINDS_OF_SERVICE = [
    {"name": "dataset", "revision": 0, "family": True},
    {"name": "thumbnail", "revision": 1, "description": "Small pictures"},
    {"name": "thermometer", "revision": 1},
]
ASK = """
source <(job-service completion bash)
[[ $(complete -p job-service) =~ -F\\ ([^ ]+) ]]
COMP_WORDS=(job-service "$@"); COMP_CWORD=$#
"${BASH_REMATCH[1]}" job-service
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def offered():
    """Ask bash what it offers for the last of some words."""

    def offered(*words, url=NOWHERE):
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        said = subprocess.run(
            ["bash", "-c", ASK, "bash", *words],
            env={"PATH": programs, "JOB_SERVICE_URL": url},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert said.stderr == ""
        return said.stdout.split()

    return offered


@pytest.fixture
def service():
    """Something that lists jobs and kinds, and its URL."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            body = orjson.dumps(KINDS_OF_SERVICE if self.path == "/kinds" else JOBS)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_commands_are_offered_by_what_they_begin_with(offered):
    assert offered("job") == ["jobs"]
    assert offered("maintenance", "o") == ["on", "off"] or offered("maintenance", "o") == ["off", "on"]


def test_states_and_kinds_are_offered(offered):
    assert offered("jobs", "list", "--state", "") == list(get_args(State))
    assert offered("jobs", "list", "--kind", "") == list(KINDS)
    assert offered("jobs", "list", "--kind", "trans") == ["transcoding", "transfer"]


def test_the_kinds_of_the_service_are_offered(offered, service):
    assert offered("jobs", "list", "--kind", "t", url=service) == [
        "transcoding",
        "transfer",
        "thumbnail",
        "thermometer",
    ]
    assert offered("jobs", "archive", "--kind", "thu", url=service) == ["thumbnail"]
    assert offered("kinds", "show", "", url=service) == ["dataset", "thumbnail", "thermometer"]
    assert offered("kinds", "delete", "", url=service) == ["thumbnail", "thermometer"]


def test_options_are_offered(offered):
    assert offered("jobs", "list", "--j") == ["--json"]


def test_the_jobs_of_the_service_are_offered(offered, service):
    assert offered("jobs", "show", "", url=service) == ["0190-a", "0191-b"]
    assert offered("jobs", "cancel", "0191", url=service) == ["0191-b"]


def test_nothing_is_offered_and_nothing_said_where_no_service_answers(offered):
    assert offered("jobs", "show", "") == []
    assert offered("kinds", "show", "") == []


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_a_script_for_each_shell_names_the_command(shell):
    printed = CliRunner().invoke(main, ["completion", shell])
    assert printed.exit_code == 0
    assert "job-service" in printed.output
    assert f"_JOB_SERVICE_COMPLETE={shell}_complete" in printed.output


def test_another_shell_is_wrong_usage():
    assert CliRunner().invoke(main, ["completion", "csh"]).exit_code == 2
