import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from pymongo import MongoClient

from tests.system.programs.processes import ends
from tests.system.serving.service import all_end, children, environment_with
from tests.system.serving.waiting import until

COMMAND = [sys.executable, "-c", "from job_service.command.serve import serve; serve()"]
SLEEPER = ["/bin/sh", "-c", 'echo "$$ $JOB_SERVICE_URL $MONGODB_URL" >> "$0"; exec sleep 1000']


def refused(*options):
    """Run `job-service serve`, which is to end by itself; give its exit status and what it says."""
    done = subprocess.run(
        [*COMMAND, *options], env=environment_with({}), capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stderr


def messages(lines):
    """Give what the lines of a log say, each of which is a JSON object."""
    return [json.loads(line)["message"] for line in lines.splitlines()]


def inserted(service):
    """Give the number of documents once one more has been acknowledged."""
    answer = service.get("/insert")
    return answer.json()["documents"] if answer.status_code == 200 else None


def test_it_says_one_line_when_it_answers_and_stops_leaving_nothing_behind(serving):
    service = serving()
    assert messages(service.line) == [f"The job service answers at {service.url} (Ctrl-C ends it)"]
    assert json.loads(service.line)["url"] == service.url
    assert inserted(service) == 1
    family = service.family()
    assert len(family) == 3
    service.process.terminate()
    status, errors = service.ended()
    assert (status, messages(errors)[-1]) == (0, "The job service stops (SIGTERM)")
    assert all_end(family)
    with pytest.raises(httpx.ConnectError):
        service.get("/health/alive")


def test_what_was_acknowledged_is_there_after_a_restart(serving):
    first = serving()
    assert inserted(first) == 1
    first.process.terminate()
    first.ended()
    assert inserted(serving()) == 2


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_requests_that_wait_get_their_answer_before_it_stops(serving, signum):
    service = serving()
    answers = service.ask("/wait")
    service.process.send_signal(signum)
    status, errors = service.ended()
    assert (status, messages(errors)[-1]) == (0, f"The job service stops ({signum.name})")
    assert answers.get(timeout=5).json() == {"released": True}


def test_a_connection_on_which_nothing_was_said_does_not_hold_it_up(serving):
    service = serving()
    address = (httpx.URL(service.url).host, httpx.URL(service.url).port)
    # gunicorn waits five seconds for the first byte, then puts the connection aside for the time of its keepalive.
    with socket.create_connection(address), socket.create_connection(address) as late:
        late.settimeout(5.5)
        with contextlib.suppress(TimeoutError):
            late.recv(1)
        service.process.terminate()
        assert service.process.wait(20) == 0


def test_a_second_signal_cuts_the_wait_for_what_does_not_end(serving):
    service = serving()
    service.ask("/stuck")
    answers = service.ask("/wait")
    family = service.family()
    service.process.terminate()
    # The answer shows that the stop has begun.
    answers.get(timeout=30)
    service.process.terminate()
    assert service.process.wait(15) == 0
    assert all_end(family)


def test_nothing_outlives_it_when_it_is_killed(serving):
    service = serving([*SLEEPER, "/dev/null"])
    family = until(lambda: len(service.family()) == 4 and service.family())
    service.ask("/stuck")
    service.process.kill()
    assert all_end(family)
    # The address and the folder are free at once.
    assert inserted(serving()) == 1


def test_a_killed_web_server_is_started_again_and_its_workers_do_not_outlive_it(serving):
    service = serving()
    before = service.get("/health/alive").json()
    service.ask("/stuck")
    os.kill(before["master"], signal.SIGKILL)
    assert all_end([before["master"], before["worker"]])
    after = service.get("/health/alive").json()
    assert after["master"] != before["master"]


def test_a_killed_mongod_is_started_again_where_it_was_and_the_service_goes_on(serving):
    service = serving()
    acknowledged = [inserted(service) for _ in range(10)]
    web = service.get("/health/alive").json()
    killed = service.child("mongod")
    os.kill(killed, signal.SIGKILL)
    assert ends(killed)
    assert until(lambda: inserted(service)) > acknowledged[-1]
    assert service.get("/health/alive").json() == web


def test_without_the_database_it_answers_503_and_a_mongod_that_cannot_run_ends_it_with_a_sentence(serving, tmp_path):
    service = serving()
    (tmp_path / "data" / "mongod" / "key").chmod(0o644)
    family = service.family()
    os.kill(service.child("mongod"), signal.SIGKILL)
    assert service.get("/insert").status_code == 503
    status, errors = service.ended()
    assert status == 1
    assert errors.splitlines()[-1].startswith("The private MongoDB cannot run (exit status 1): ")
    assert "Unable to acquire security key" in errors
    assert all_end(family)


def test_two_on_one_folder_are_an_error_that_says_so(serving, tmp_path):
    service = serving()
    status, errors = refused("--port", "0", "--data-dir", str(tmp_path / "data"))
    assert status == 1
    pid = service.process.pid
    assert errors == f"Error: The folder {tmp_path}/data is in use by another job service (process {pid}).\n"
    assert inserted(service) == 1


def test_a_port_in_use_is_an_error_that_says_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, errors = refused("--port", str(port), "--data-dir", str(tmp_path / "data"))
    assert status == 1
    reason = f"cannot listen on 127.0.0.1, port {port}: Address already in use"
    assert errors == f"Error: The service {reason}. See --host and --port.\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("samples", [[], ["--sample"]])
def test_a_data_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path, samples):
    (tmp_path / "file").touch()
    status, errors = refused("--port", "0", "--data-dir", str(tmp_path / "file" / "data"), *samples)
    assert (status, errors.count("\n")) == (1, 1)
    assert f"{tmp_path}/file/data" in errors
    assert "Not a directory. See --data-dir" in errors


def test_a_host_that_is_not_ours_is_an_error_that_says_so(tmp_path):
    status, errors = refused("--host", "192.0.2.1", "--data-dir", str(tmp_path / "data"))
    assert status == 1
    assert errors.startswith("Error: The service cannot listen on 192.0.2.1, port 8000: ")


def test_an_application_that_refuses_to_start_ends_it_with_its_sentence(serving):
    service = serving(TINY_APP_REFUSES="1")
    status, errors = service.ended()
    assert status == 1
    assert "TINY_APP_REFUSES is set, and this application obeys." in errors
    *lines, sentence = errors.splitlines(keepends=True)
    assert sentence == "The web server ended (exit status 4); what it says above is why.\n"
    assert messages("".join(lines)) != []
    assert "Traceback" not in errors


def test_a_wrong_setting_is_an_error_that_names_it_before_anything_is_started(monkeypatch, tmp_path):
    monkeypatch.setenv("MAX_WAITERS", "many")
    status, errors = refused("--port", "0", "--data-dir", str(tmp_path / "data"))
    assert status == 1
    assert errors.startswith("Error: Wrong setting: MAX_WAITERS: ")
    assert not (tmp_path / "data").exists()


def test_with_a_database_of_ones_own_none_is_started(serving, mongod_url, tmp_path):
    service = serving(MONGODB_URL=mongod_url, MONGODB_USER="someone", LOG_FORMAT="text")
    assert service.line == f"The job service answers at {service.url} (Ctrl-C ends it)\n"
    environment = service.get("/environment").json()
    assert (environment["MONGODB_URL"], environment["MONGODB_USER"]) == (mongod_url, "someone")
    assert len(children(service.process.pid)) == 1
    assert not (tmp_path / "data").exists()
    service.process.terminate()
    begins, ends_with = service.ended()[1].splitlines()
    # The address without the password.
    place = mongod_url.partition("?")[0].rpartition("@")[2]
    assert begins.endswith(f"  Job service 0.1.0 listens at {service.url}, on the database mongodb://{place}")
    assert ends_with.endswith("  The job service stops (SIGTERM)")


def test_the_web_server_knows_its_host_and_no_login_but_that_of_the_private_database(serving):
    environment = serving(MONGODB_USER="someone", MONGODB_PASSWORD="other").get("/environment").json()
    assert (environment["JOB_SERVICE_HOST"], environment["THREADS"]) == ("127.0.0.1", "4")
    assert [name for name in environment if name.startswith("MONGODB_")] == ["MONGODB_URL"]
    with MongoClient[dict](environment["MONGODB_URL"]) as client:
        assert client.admin.command("ping")["ok"] == 1


def test_a_companion_starts_when_the_service_answers_and_again_when_it_dies_and_stops_before_it(serving, tmp_path):
    starts = tmp_path / "starts"
    service = serving([*SLEEPER, str(starts)])
    first = until(lambda: starts.exists() and starts.read_text().split())
    assert first[1:] == [service.url]
    os.kill(int(first[0]), signal.SIGKILL)
    second = until(lambda: starts.read_text().split()[2:])
    service.process.terminate()
    assert service.ended()[0] == 0
    assert ends(int(second[0]))


def test_a_companion_that_is_done_is_not_started_again(serving, tmp_path):
    once, again = tmp_path / "once", tmp_path / "again"
    serving(["/bin/sh", "-c", f"echo done >> {once}"], ["/bin/sh", "-c", f"echo tried >> {again}; exit 1"])
    until(lambda: again.exists() and len(again.read_text().split()) == 3)
    assert once.read_text() == "done\n"
