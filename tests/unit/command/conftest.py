"""Commands that set up the log of their process are run in this one."""

import logging

import pytest

_FLAGS = ("_srcfile", "logThreads", "logProcesses", "logMultiprocessing")


@pytest.fixture(autouse=True)
def log_as_before():
    """Put the log of the process that runs the tests back."""
    loggers = [logging.getLogger(name) for name in (None, "job_service", "job_service.requests")]
    before = [(logger.handlers[:], logger.level) for logger in loggers]
    flags = {name: getattr(logging, name) for name in _FLAGS}
    yield
    for logger, (handlers, level) in zip(loggers, before, strict=True):
        logger.handlers[:] = handlers
        logger.setLevel(level)
    for name, value in flags.items():
        setattr(logging, name, value)
