"""The gfal2 tools up to their command line, with a recorded tool in their place; the real ones have system tests."""

import json
import os
from pathlib import Path

import pytest

from job_service.worker.transfers import Connections, Place, TransferError, Watch, list_tree, remove, rename
from job_service.worker.transfers.gfal_lines import read_line
from job_service.worker.transfers.site import GridFtpSite

RECORDER = """#!/usr/bin/env python3
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    variables = {name: os.environ.get(name) for name in ("LC_ALL", "TZ", "X509_USER_PROXY", "PYTHONPATH")}
    print(json.dumps([pathlib.Path(__file__).name, sys.argv[1:], variables]), file=calls)
answers = here / "answers"
answer, _, rest = answers.read_text().partition("---\\n")
answers.write_text(rest)
said, _, status = answer.rpartition("\\n")
print(said, end="\\n" if said else "", file=sys.stderr if int(status) else sys.stdout)
sys.exit(int(status))
"""
FOLDER = "drwxr-xr-x   1 0     0          4096 2026-11-22 02:54:00.000000 +0000 ftp://h:1/x\t"
FILE = "-rw-r-----   1 0     0            12 2026-11-22 02:54:01.000000 +0000 a name\t"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Put a recorder in the place of every tool, and give a function that lays down what it answers, in turn."""
    for tool in ("gfal-ls", "gfal-rm", "gfal-rename"):
        (tmp_path / tool).write_text(RECORDER)
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")

    def answer(*answers):
        (tmp_path / "answers").write_text("".join(f"{said}\n{status}---\n" for said, status in answers))
        return lambda: [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]

    return answer


SITE = GridFtpSite(3, "/data", "gridftp.example.org", proxy="-----BEGIN CERTIFICATE-----")


@pytest.fixture
def connections():
    with Connections() as made:
        yield made


def test_a_tool_gets_a_quoted_url_after_two_dashes_and_a_language_a_clock_and_a_proxy(tools, connections):
    calls = tools((FOLDER, 0), (FILE, 0))
    (page,) = list_tree(connections, Place(SITE, "/-rf a?#%20"), Watch())
    assert [entry.name for entry in page.entries] == ["a name"]
    (look, looking, _), (listed, listing, variables) = calls()
    url = "gsiftp://gridftp.example.org:2811/data/-rf%20a%3F%23%2520"
    assert (look, looking[-3:], listed, listing[-2:]) == ("gfal-ls", ["-d", "--", url], "gfal-ls", ["--", url])
    assert (variables["LC_ALL"], variables["TZ"], variables["PYTHONPATH"]) == ("C.UTF-8", "UTC", None)
    assert variables["X509_USER_PROXY"]


def test_the_proxy_of_a_job_is_a_file_only_while_it_is_needed(tools):
    calls = tools((FOLDER, 0), (FILE, 0))
    with Connections() as connections:
        list(list_tree(connections, Place(SITE, "/"), Watch()))
        proxy = Path(calls()[0][2]["X509_USER_PROXY"])
        assert (proxy.read_text(), proxy.stat().st_mode & 0o777) == (SITE.proxy, 0o600)
    assert not proxy.exists()


def test_what_a_tool_complains_about_is_the_reason(tools, connections):
    tools(("gfal-ls error: 13 (Permission denied) - the server\nsays no", 13))
    with pytest.raises(
        TransferError, match=r"'/a' at site 3: gfal-ls error: 13 \(Permission denied\) - the server says no"
    ):
        remove(connections, Place(SITE, "a"))


def test_of_a_tool_that_breaks_down_the_last_line_is_the_reason(tools, connections):
    tools(("Traceback (most recent call last):\n  File x\nValueError: y", 1))
    with pytest.raises(TransferError, match=r"'/a' at site 3: ValueError: y$"):
        remove(connections, Place(SITE, "a"))


def test_a_tool_that_says_nothing_is_named(tools, connections):
    tools(("", 70))
    with pytest.raises(TransferError, match="gfal-ls ended with status 70"):
        remove(connections, Place(SITE, "a"))


def test_nothing_there_is_no_failure_of_a_removal(tools, connections):
    calls = tools(("gfal-ls error: 2", 2))
    assert not remove(connections, Place(SITE, "a"))
    assert len(calls()) == 1


def test_what_goes_between_the_look_and_the_removal_is_no_failure(tools, connections):
    calls = tools((FILE, 0), ("gfal-rm error: 2", 2))
    assert remove(connections, Place(SITE, "a"))
    assert calls()[1][:2] == ["gfal-rm", ["-t", "120", "--", "gsiftp://gridftp.example.org:2811/data/a"]]


def test_only_a_folder_that_was_seen_empty_is_removed_as_one(tools, connections):
    calls = tools((FOLDER, 0), ("", 0), ("", 0))
    remove(connections, Place(SITE, "a"))
    assert calls()[2][1][:3] == ["-t", "120", "-r"]
    calls = tools((FOLDER, 0), (FILE, 0))
    with pytest.raises(TransferError, match="not empty"):
        remove(connections, Place(SITE, "a"))
    assert len(calls()) == 5


def test_a_rename_names_both(tools, connections):
    calls = tools((FILE, 0), ("gfal-ls error: 2", 2), ("", 0))
    assert rename(connections, Place(SITE, "a"), "b")
    there = "gsiftp://gridftp.example.org:2811/data"
    assert calls()[2][:2] == ["gfal-rename", ["-t", "120", "--", f"{there}/a", f"{there}/b"]]


def test_an_answer_in_another_form_is_an_error(tools, connections):
    tools(("total 12", 0))
    with pytest.raises(TransferError, match="can not read"):
        remove(connections, Place(SITE, "a"))


def test_a_folder_with_a_line_in_another_form_is_not_listed_in_part(tools, connections):
    tools((FOLDER, 0), (f"{FILE}\nwhat is this", 0))
    with pytest.raises(TransferError, match="'what is this'"):
        list(list_tree(connections, Place(SITE, "a"), Watch()))


def test_a_line_is_an_entry():
    entry = read_line("drwsr-S--t   3 65534 0      123456789012 1970-01-02 00:00:00.000000 +0000  two  spaces \t\t")
    assert entry is not None
    assert (entry.name, entry.size, entry.mtime) == (" two  spaces \t", 123456789012, 86400)
    assert oct(entry.mode) == "0o40741"


@pytest.mark.parametrize(
    "line",
    ["", "total 0", "-rw-r--r-- 1 0 0 5 2026-11-22 02:54:00.000000 +0000 no end", "-rw-r--r-- 1 0 0 x y\t",
     "-rw-r--r-- 1 0 0 5 2026-11-22 02:54:00.000000 +0000 /abs\t"],
)  # fmt: skip
def test_another_line_is_none(line):
    assert read_line(line) is None
