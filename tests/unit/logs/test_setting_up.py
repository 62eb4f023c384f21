"""Who gets which lines: terminals, pipes, and programs with a log of their own."""

import io
import json
import logging
import sys
from contextlib import contextmanager

import pytest

from job_service import logs
from job_service.logs.asked import Asked, has_colors
from job_service.settings import Settings, SettingsError


class Terminal(io.StringIO):
    def isatty(self):
        return True


@contextmanager
def program(stream):
    """Be a program that has set up no log and whose standard error is `stream`; all is as before afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        patch.setenv("NO_COLOR", "1")
        patch.setattr(logging, "_srcfile", logging._srcfile)
        for name in ("logThreads", "logProcesses", "logMultiprocessing"):
            patch.setattr(logging, name, True)
        for logger in map(logging.getLogger, (None, "job_service", "job_service.requests", "job_service.worker")):
            patch.setattr(logger, "handlers", [])
            patch.setattr(logger, "level", logging.NOTSET if logger.parent else logging.WARNING)
        logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # as `setLevel` does
        yield patch
    logging.root.manager._clear_cache()  # type: ignore[attr-defined]  # as above


on_both = pytest.mark.parametrize("stream", [io.StringIO, Terminal], ids=["pipe", "terminal"])


@pytest.mark.parametrize(
    ("environment", "terminal", "pipe"),
    [
        ({}, True, False),
        ({"LOG_FORMAT": "auto"}, True, False),
        ({"LOG_FORMAT": "text"}, True, True),
        ({"LOG_FORMAT": " JSON "}, False, False),
    ],
)
def test_terminals_get_text_and_others_json_unless_asked(environment, terminal, pipe):
    asked = Asked.from_environment(environment)
    assert (asked.is_text_on(Terminal()), asked.is_text_on(io.StringIO())) == (terminal, pipe)


def test_requests_are_lines_for_programs_unless_asked():
    assert [Asked().wants_requests_on(stream) for stream in (Terminal(), io.StringIO())] == [False, True]
    assert Asked(requests=True).wants_requests_on(Terminal())
    assert not Asked(requests=False).wants_requests_on(io.StringIO())


@pytest.mark.parametrize(
    ("environment", "terminal", "pipe"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colors_are_where_they_are_wanted(environment, terminal, pipe):
    assert (has_colors(Terminal(), environment), has_colors(io.StringIO(), environment)) == (terminal, pipe)


@pytest.mark.parametrize(("name", "value"), [("LOG_FORMAT", "xml"), ("LOG_LEVEL", "loud")])
def test_a_wrong_setting_is_named_with_what_it_may_be(name, value):
    with pytest.raises(ValueError, match=f"{name}: must be one of (auto|debug), "):
        Asked.from_environment({name: value})
    with pytest.raises(SettingsError, match=f"{name}: must be one of (auto|debug), "):
        Settings.from_environment({name: value})


def test_each_line_says_the_host_and_the_commit():
    with program(said := io.StringIO()):
        for settings in (Settings(docker_host_name="node-7", commit_id="abc123"), Settings()):
            logs.configure(settings.log, settings.about)
            logging.getLogger("job_service").info("one")
    whole, bare = map(json.loads, said.getvalue().splitlines())
    assert (whole["host"], whole["commit"]) == ("node-7", "abc123")
    assert not {"host", "commit"} & set(bare)


@on_both
def test_libraries_are_heard_when_something_is_wrong_and_requests_where_they_are_wanted(stream):
    with program(said := stream()):
        logs.configure(Asked())
        logging.getLogger("paramiko.transport").info("Connected (version 2.0)")
        logging.getLogger("job_service.requests").info("GET /jobs")
        logging.getLogger("paramiko.transport").warning("Disconnected")
    heard = [word in said.getvalue() for word in ("Connected", "Disconnected", "GET /jobs")]
    assert heard == [False, True, not said.isatty()]


@on_both
def test_a_level_leaves_out_what_is_below_it(stream):
    with program(said := stream()):
        logs.configure(Asked(level="error"))
        for name in ("job_service.worker", "job_service.requests", "paramiko.transport"):
            logging.getLogger(name).warning("below")
            logging.getLogger(name).error("above of %s", name)
    assert "below" not in said.getvalue()
    assert len(said.getvalue().splitlines()) == 3


@on_both
def test_a_program_without_a_log_gets_ours_while_it_needs_it(stream):
    log = logging.getLogger("job_service.worker")
    with program(said := stream()):
        with logs.for_want_of_another(log):
            log.info("Worker w started")
        log.info("nobody hears this")
        assert logging.getLogger("job_service").handlers == []
    assert len(said.getvalue().splitlines()) == 1
    assert said.getvalue().startswith("{") != said.isatty()


@pytest.mark.parametrize("name", [None, "job_service", "job_service.worker"])
def test_a_program_with_a_log_keeps_its_own_alone(name):
    log, own = logging.getLogger("job_service.worker"), io.StringIO()
    with program(said := io.StringIO()) as patch:
        patch.setattr(logging.getLogger(name), "handlers", [logging.StreamHandler(own)])
        with logs.for_want_of_another(log):
            log.warning("heard")
            log.info("not asked for")
    assert (own.getvalue(), said.getvalue()) == ("heard\n", "")


def test_a_level_that_the_program_chose_stays():
    log = logging.getLogger("job_service.worker")
    with program(said := io.StringIO()):
        log.setLevel(logging.WARNING)
        with logs.for_want_of_another(log):
            log.info("not asked for")
    assert said.getvalue() == ""


def test_a_format_that_is_meant_for_something_else_ends_no_worker():
    log = logging.getLogger("job_service.worker")
    with program(said := io.StringIO()) as patch:
        patch.setenv("LOG_FORMAT", "%(message)s")
        with logs.for_want_of_another(log):
            log.info("works")
    assert "works" in said.getvalue()
