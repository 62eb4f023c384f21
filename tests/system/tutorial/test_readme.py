"""What README shows is typed as it stands there, in an empty folder, and answers what its comments promise."""

import os
import re
import socket
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.system.serving.service import all_end, descendants
from tests.system.serving.waiting import until
from tests.system.tutorial.following import Terminal

ROOT = Path(__file__).parents[3]
#: What stands before a block, which names the file that a block of Python is saved as.
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<language>sh|python)\n(?P<what>.*?)\n```", re.DOTALL)
FILE = re.compile(r"`(\w+\.py)`")
#: Blocks that are tried elsewhere: afresh, on a machine with nothing installed.
INSTALLING = {"./scripts/run", "./scripts/test"}


def promised(block):
    """Give what a block answers: its comments, with anything between two of them where there is a command."""
    parts = groupby(block.splitlines(), lambda line: line.startswith("# "))
    return "…".join("\n".join(line[2:] for line in lines) for is_comment, lines in parts if is_comment)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


@pytest.fixture
def environment(port):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MONGODB_", "JOB_SERVICE_"))}
    # Standard error is a terminal for those who read README.
    return kept | {"PYTHONPATH": str(ROOT), "PORT": port, "LOG_FORMAT": "text", "NO_COLOR": "1"}


@pytest.fixture
def folder(tmp_path):
    """An empty folder, with the programs that `scripts/run` installs there."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    scripts = {
        "job-service": f"#!{sys.executable}\nfrom job_service.command.main import main\n\nmain()\n",
        "python": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
    }
    for name, script in scripts.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    return tmp_path


@pytest.fixture
def service(folder, environment):
    """What `scripts/run` starts once all is installed; killed at the end, with all that belongs to it."""
    [last] = re.findall(r"^exec \.venv/bin/job-service (.*)", (ROOT / "scripts" / "run").read_text(), re.MULTILINE)
    command = [sys.executable, "-m", "job_service", *last.removesuffix('"$@"').split()]
    with (
        (folder.parent / f"{folder.name}.log").open("w+") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: "dataset jobs of" in Path(log.name).read_text())
            family = descendants(process.pid)
            yield
        finally:
            process.kill()
    assert all_end(family)


@pytest.fixture
def terminal(folder, environment):
    opened = Terminal(folder, environment)
    yield opened
    assert all_end(opened.close())


def test_the_readme_does_what_it_says(service, terminal, folder, port):
    for block in BLOCK.finditer((ROOT / "README.md").read_text().replace("8000", port)):
        what, [*names] = block["what"], FILE.findall(block["before"])
        if block["language"] == "python":
            (folder / names[-1]).write_text(f"{what}\n")
        elif what not in INSTALLING:
            # A worker goes on until it is stopped.
            terminal.run(what, ends="python " not in what)
            terminal.expect(promised(what))
