"""The converters' API from a job's submission to its end: the service, the worker and its program, each a process."""

import json
import os
import shlex
import sys
from contextlib import contextmanager

import pytest

from job_service.client import JobServiceClient
from tests.system.programs.processes import ends
from tests.system.programs.serving import working
from tests.system.serving.real import real_service
from tests.system.serving.waiting import until

CONVERTER = """
import json, os, signal, sys
document = json.load(sys.stdin)
if "fifo" in document:
    with open(document["fifo"], "w") as told:
        print(os.getpid(), file=told)
    signal.pause()
with open(document["result"], "w") as result:
    json.dump([os.environ["JOB_SOURCE"], document], result)
"""
CHECK = ["--check-seconds", "0.3", "--concurrency", "1", "--lease", "5"]


@pytest.fixture
def http(mongo_client, mongod_url):
    with real_service(mongo_client, mongod_url, LEGACY_LEASE_SECONDS="5") as client:
        yield client


@contextmanager
def converting(http, *more):
    program = shlex.join([sys.executable, "-c", CONVERTER])
    with working(str(http.base_url), "conversions", "--exec", program, *CHECK, *more) as worker:
        yield worker


def submit(http, source="sirius", **document):
    answer = http.post(f"/job/available/{source}", json=document)
    assert answer.status_code == 201
    return answer.json()["id"]


def done(http, job_id, source="sirius"):
    answer = http.get(f"/job/done/{source}/{job_id}")
    return answer.json() if answer.status_code == 200 else None


def pid_told_in(fifo):
    with open(fifo, encoding="ascii") as told:  # noqa: PTH123 - opens when the program does
        return int(told.read())


@pytest.fixture
def fifo(tmp_path):
    os.mkfifo(tmp_path / "told")
    return str(tmp_path / "told")


def test_documents_go_through_the_program_of_their_source_whatever_its_name(http, tmp_path):
    source = "Åland; 映像\u3000第1話, 50% a%2Fb?#"
    with JobServiceClient(str(http.base_url)) as client, converting(http, "--source", source):
        other = submit(http, "freg", result=str(tmp_path / "freg"))
        made = [client.conversions.submit(source, {"result": str(tmp_path / name)}).id for name in "ab"]
        # In pages of one: the link to the next has the source in it.
        until(lambda: [job.id for job in client.conversions.list("done", source, limit=1)] == made[::-1])
        assert {job.state for job in client.conversions.list("done", source)} == {None}
    assert json.loads((tmp_path / "a").read_text()) == [source, {"result": str(tmp_path / "a")}]
    assert http.get(f"/job/available/freg/{other}").status_code == 200


def test_an_administrator_stops_a_running_converter_and_its_program_is_gone(http, fifo, tmp_path):
    # A day's lease has no heartbeat within this test: it is the check that hears of it.
    with converting(http, "--lease", "86400"):
        job_id = submit(http, fifo=fifo)
        program = pid_told_in(fifo)
        assert http.head(f"/job/active/sirius/{job_id}").status_code == 200
        assert http.post(f"/job/done/sirius/{job_id}").status_code == 200
        assert ends(program)
        assert http.head(f"/job/active/sirius/{job_id}").status_code == 404
        after = submit(http, result=str(tmp_path / "after"))
        until(lambda: done(http, after))


def test_a_job_whose_worker_was_killed_goes_to_the_next_one(http, fifo):
    with converting(http) as first:
        job_id = submit(http, fifo=fifo)
        program = pid_told_in(fifo)
        first.kill()
        assert ends(program)
    with converting(http):
        assert pid_told_in(fifo) != program
        assert http.head(f"/job/active/sirius/{job_id}").status_code == 200
        http.post(f"/job/done/sirius/{job_id}")


def test_a_job_whose_client_died_without_a_word_goes_to_the_next_one(http):
    job_id = submit(http, topic="data")
    assert http.get("/job/available").json()["id"] == job_id
    assert http.get("/job/available").status_code == 404
    again = until(lambda: (answer := http.get("/job/available/sirius")).status_code == 200 and answer.json())
    assert again["id"] == job_id
