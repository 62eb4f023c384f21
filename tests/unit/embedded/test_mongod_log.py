import json
import os

import pytest

from job_service.embedded.mongod_log import why_it_ended


@pytest.fixture
def log(tmp_path):
    return tmp_path / "mongod.log"


def entry(severity, text, **attributes):
    return json.dumps({"s": severity, "msg": text, "attr": attributes}) + "\n"


def test_the_first_fatal_entry_that_names_an_error_is_the_reason(log):
    log.write_text(
        entry("E", "Earlier", error="forgiven")
        + entry("F", "Cannot open", error={"code": 8, "errmsg": "it is broken"})
        + entry("F", "Aborting", error="because of the above")
    )
    assert "(exit status 14): Cannot open: it is broken (" in why_it_ended(14, log)


def test_without_a_fatal_entry_that_names_an_error_the_last_error_is_the_reason(log):
    engine = entry("E", "WiredTiger error message", error=-31804, message={"msg": "the process must exit"})
    log.write_text(entry("E", "Earlier", error="forgiven") + engine + entry("F", "Fatal assertion", msgid=50853))
    assert "(signal SIGABRT): WiredTiger error message: the process must exit (" in why_it_ended(-6, log)


def test_a_disk_that_was_full_is_said_plainly(log):
    log.write_text(entry("E", "WiredTiger error message", error=28, message={"msg": "No space left on device"}))
    assert "the disk that holds" in why_it_ended(-6, log)


def test_a_disk_so_full_that_the_log_could_not_be_written_is_still_found(log, monkeypatch):
    full = os.statvfs_result((4096, 4096, 1000, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    assert "the disk that holds" in why_it_ended(-6, log)


def test_a_port_that_was_taken_is_said_plainly(log):
    assert "another program has taken its port" in why_it_ended(48, log)


@pytest.mark.parametrize("text", ["", "[1, 2]\n", '{"s": "F"\n', entry("I", "All is well")])
def test_a_log_without_a_reason_is_at_least_named(log, text):
    log.write_text(text)
    assert f"{log} has more" in why_it_ended(1, log)
