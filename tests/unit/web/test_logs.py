"""Each line of the log is one JSON object that says where it was written."""

import logging

import orjson
import pytest

from job_service.settings import Settings
from job_service.web.logs import configure_logging


@pytest.fixture
def root():
    """Lend the root logger, and put its handlers and level back afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


def lines(capsys):
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_line_says_the_host_and_the_commit(root, capsys):
    configure_logging(Settings(docker_host_name="node-7", commit_id="abc123"))
    root.info("one")
    root.info([{"message": "two"}, {"message": "three"}])
    assert [(line["message"], line["host"], line["commit"]) for line in lines(capsys)] == [
        ("one", "node-7", "abc123"),
        ("two", "node-7", "abc123"),
        ("three", "node-7", "abc123"),
    ]


def test_what_was_not_set_is_left_out(root, capsys):
    configure_logging(Settings())
    root.info("one")
    [line] = lines(capsys)
    assert not {"host", "commit"} & set(line)
