"""What holds for every command, also for one that nobody thought of: an example in its help, and its exit statuses."""

import re
import shlex
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from job_service.client import executor
from job_service.command.completing import KINDS
from job_service.command.main import main
from job_service.families import FAMILIES

NOWHERE = "http://127.0.0.1:1"


def commands(command=main, path=()):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


EVERY = {" ".join(("job-service", *path)): command for path, command in commands()}
ASKING = {
    name: command
    for name, command in EVERY.items()
    if not isinstance(command, click.Group)
    and "worker" not in name
    and any(option.name == "url" for option in command.params)
}
#: Their unknown options are those of a program that they start.
HANDS_ON = {"job-service worker-check"}
#: What a command wants to be called with, where it is anything.
WORDS = {
    "job_id": "j1",
    "file": "-",
    "path": "kind.json",
    "--message": "m",
    "name": "n",
    "--role": "work",
    "--input-dir": ".",
    "--before": "2026-01-01",
    "--out": "jobs.ndjson",
}


#: `VARIABLE=value job-service ...`, `echo ... | job-service ...`, `source <(job-service ...)`; words of ours behind.
EXAMPLE = re.compile(
    r"^ *(?:\w+=\S+ |echo .*\| |source <\()*job-service *(.*?)(?:\)| \| .*)?(?: {3,}.*)?$", re.MULTILINE
)


ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "docker-compose.yml", *sorted((ROOT / "docs").rglob("*.md"))]
#: In a block of a page, or between two backticks.
SHOWN = re.compile(r"(?<=[\s`(])job-service ([a-z][^`|>&)#\n\\]*)")


def found(words):
    """The command that the first words name, and the other words."""
    command: click.Command | None = main
    while isinstance(command, click.Group) and words:
        command, words = command.get_command(click.Context(command), words[0]), words[1:]
    return command, words


def assert_is_one(line):
    """Check that there are such a command and such options."""
    command, words = found(shlex.split(line))
    assert command is not None, line
    options = {spelled for param in command.params for spelled in (*param.opts, *param.secondary_opts)}
    own = words[: words.index("--")] if "--" in words else words
    assert {word.split("=")[0] for word in own if word.startswith("--")} <= options, line


@pytest.mark.parametrize("name", EVERY)
def test_its_help_has_an_example_that_is_one(name):
    shown = CliRunner().invoke(main, [*name.split()[1:], "--help"])
    assert shown.exit_code == 0
    assert re.search(r"^\s*Examples?:$", shown.output, re.MULTILINE)
    examples = EXAMPLE.findall(EVERY[name].help or "")
    assert examples
    for line in examples:
        assert_is_one(line)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_command_that_works_for_a_kind_is_one_with_all_that_it_requires(family):
    line = family.worker.partition(" (")[0]
    command, words = found(shlex.split(line)[1:])
    assert isinstance(command, click.Command), line
    required = {param.opts[0] for param in command.params if param.required}
    assert {word for word in words if word.startswith("--")} == required


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_that_a_page_shows_are_ones(page):
    blocks = "\n".join(re.findall(r"```\w*\n.*?```|`[^`\n]+`|^#.*", page.read_text(), re.DOTALL | re.MULTILINE))
    for line in SHOWN.findall(blocks):
        assert_is_one(line)


def test_the_page_of_the_command_names_each():
    page = (ROOT / "docs" / "command.md").read_text()
    shown = {name.split()[1] for name, command in EVERY.items() if " " in name and not command.hidden}
    hidden = {name.split()[1] for name, command in EVERY.items() if command.hidden}
    assert sorted(name for name in shown - hidden if f"`{name}" not in page) == []


def called(name):
    words = name.split()[1:]
    for param in ASKING[name].params:
        required = param.required or param.opts[0] == "--role"
        spelled = param.opts[0]
        if required and isinstance(param, click.Argument):
            words.append(WORDS[spelled])
        elif required:
            words += [spelled, WORDS[spelled]]
    return words


@pytest.mark.parametrize("name", ASKING)
def test_status_1_with_a_sentence_where_the_service_refuses(name, monkeypatch, tmp_path):
    def refuse(request):
        return httpx.Response(403, json={"message": "Only in the daytime"})

    monkeypatch.chdir(tmp_path)
    (tmp_path / "kind.json").write_text("{}")
    monkeypatch.setattr(httpx.Client, "send", lambda client, request, **_: refuse(request))
    body = '{"jobs": [{"operation": "ADD", "target": "AGE"}]}'
    result = CliRunner().invoke(main, [*called(name), "--url", NOWHERE], input=body)
    assert (result.exit_code, result.output) == (1, "Error: Only in the daytime\n")


@pytest.mark.parametrize("name", [name for name in EVERY if name not in HANDS_ON])
def test_status_2_for_an_option_that_there_is_not(name):
    result = CliRunner().invoke(main, [*name.split()[1:], "--no-such-option"])
    assert result.exit_code == 2
    assert "--no-such-option" in result.output


def test_status_2_for_a_command_that_there_is_not():
    assert CliRunner().invoke(main, ["jbos"]).exit_code == 2


def test_status_0_when_it_is_done(monkeypatch):
    monkeypatch.setattr(executor.Waiting, "_send", lambda *_: httpx.Response(200, json=[]))
    assert CliRunner().invoke(main, ["jobs", "list", "--json", "--url", NOWHERE]).output == "[]\n"


def test_the_kinds_that_are_offered_are_those_of_the_service():
    assert set(KINDS) == {"all", *(family.name for family in FAMILIES)}
