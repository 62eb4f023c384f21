"""gunicorn's own lines, in the format and from the level on that the service's log has."""

import json
import logging

import pytest
from gunicorn.config import Config

from job_service.command.gunicorn_log import Log


@pytest.fixture
def made(monkeypatch, capfd):
    """Make gunicorn's log as its master does, and say something; give what is written."""
    own = logging.getLogger("gunicorn.error")
    before = own.level, own.propagate, own.handlers[:]

    def make(loglevel, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        config = Config()
        config.set("loglevel", loglevel)
        log = Log(config)
        log.info("Listening at: %s", "http://127.0.0.1:8000")
        log.warning("Worker with pid %d was terminated", 7)
        log.error("No space left")
        return capfd.readouterr().err

    yield make
    own.setLevel(before[0])
    own.propagate = before[1]
    own.handlers[:] = before[2]


@pytest.mark.parametrize(
    ("loglevel", "level", "lines"),
    [
        ("warning", "info", 2),
        ("info", "info", 3),
        ("info", "warning", 2),
        ("warning", "debug", 2),
        ("info", "error", 1),
    ],
)
def test_they_are_json_where_nobody_looks_and_as_grave_as_asked(made, loglevel, level, lines):
    said = [json.loads(line) for line in made(loglevel, LOG_LEVEL=level, COMMIT_ID="abc").splitlines()]
    assert len(said) == lines
    assert said[-1]["message"] == "No space left"
    assert {(line["logger"], line["commit"]) for line in said} == {("gunicorn.error", "abc")}


def test_they_are_text_where_that_is_asked(made):
    assert made("warning", LOG_FORMAT="text", NO_COLOR="1").splitlines()[-1].endswith("  error: No space left")


def test_a_wrong_setting_is_left_to_the_application_to_say(made):
    assert json.loads(made("error", LOG_LEVEL="loud"))["message"] == "No space left"
