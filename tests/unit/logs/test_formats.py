"""A line for programs is one JSON object, whatever it says; a line for people is short, and harms no terminal."""

import json
import logging
import re
import sys

import pytest

from job_service.logs.formats import JsonLines, Lines, TextLines

TIME = r"\d\d:\d\d:\d\d  "


def record(message, *arguments, level=logging.INFO, fault=None, **extra):
    made = logging.LogRecord("job_service.test", level, "", 0, message, arguments, fault)
    vars(made).update(extra)
    return made


def text(message, *arguments, colors=False, **more):
    line = TextLines(colors=colors).format(record(message, *arguments, **more))
    return re.sub(f"^{TIME}", "", line)


def clear_the_screen():
    raise RuntimeError("\033[2J")


def fault():
    try:
        clear_the_screen()
    except RuntimeError:
        return sys.exc_info()


class Two(Lines):
    def objects(self):
        return [{"message": "one"}, {"message": "two", "at": "then"}]

    def sentences(self):
        return ["the first", "the second"]


def test_a_json_line_says_when_how_grave_who_and_what_is_known_beside_it():
    formatter = JsonLines({"host": "node-7"}, lambda: {"requestId": "r"})
    line = json.loads(formatter.format(record("%d jobs", 3, level=logging.WARNING, jobId="j")))
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "job_service.test",
        "message": "3 jobs",
        "requestId": "r",
        "jobId": "j",
        "host": "node-7",
    }


def test_a_message_of_several_lines_is_as_many():
    lines = [json.loads(line) for line in JsonLines({"commit": "abc"}).format(record(Two())).splitlines()]
    assert [(line["message"], line["commit"], line["level"]) for line in lines] == [
        ("one", "abc", "info"),
        ("two", "abc", "info"),
    ]
    assert lines[1]["at"] == "then"
    assert re.fullmatch(f"{TIME}the first\n{TIME}the second", TextLines(colors=False).format(record(Two())))
    assert str(Two()) == "the first\nthe second"


@pytest.mark.parametrize("said", ["\udcff.txt", 2**80, object()], ids=["no UTF-8", "large", "no JSON"])
def test_no_json_line_is_lost_for_what_it_says(said):
    assert json.loads(JsonLines().format(record("it is %s", said, it=said)))["level"] == "info"


def test_a_json_line_has_the_traceback():
    line = JsonLines().format(record("oh", level=logging.ERROR, fault=fault()))
    assert "RuntimeError" in json.loads(line)["exception"]
    assert "\n" not in line


def test_people_read_what_the_sentence_leaves_out_and_nothing_twice():
    assert text("waiting", reason="Timeout", requestId="r") == "waiting (reason: Timeout)"
    assert text("listens on %d", 8000, port=8000) == "listens on 8000"


def test_people_read_that_something_is_wrong():
    assert text("slow", level=logging.WARNING) == "warning: slow"
    assert text("down", level=logging.ERROR) == "error: down"


def test_nothing_that_a_job_says_moves_the_cursor_or_takes_another_line():
    assert (
        text("%s", "a\033[2Jb\n13:00:00  all is well\r\x9b映像\u3000第1話")
        == "a�[2Jb 13:00:00  all is well �映像\u3000第1話"
    )
    assert "\033" not in text("oh", level=logging.ERROR, fault=fault())


def test_a_line_for_people_has_a_bearable_length():
    assert len(text("%s", "x" * 100_000)) == 501


def test_colors_mark_what_is_wrong():
    assert text("fine", colors=True).startswith("\033[2m")
    assert "\033[33mwarning: slow\033[0m" in text("slow", colors=True, level=logging.WARNING)
    assert "\033[31merror: down\033[0m" in text("down", colors=True, level=logging.ERROR)
