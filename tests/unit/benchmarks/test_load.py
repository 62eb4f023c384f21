"""What puts the load on: its documents, its connection, and who has which share."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import mongomock
import orjson
import pytest

from benchmarks.documents import copies, held_copies, holdings, share_of
from benchmarks.http_loads import new_jobs
from benchmarks.plan import Sample, Scenario, rate, run, run_all
from benchmarks.wire import Refused, Wire

AT = datetime(2030, 1, 1, tzinfo=UTC)
STAGE: Any = None  # measurements of these tests need none
QUEUED: dict[str, Any] = {
    "_id": "a",
    "jobId": "a",
    "parameters": {"target": "X", "operation": "ADD"},
    "datasetName": "X",
    "readyAt": AT,
}
RUNNING = QUEUED | {"lease": {"claimId": "c", "worker": "w", "until": AT}}


class Echo(BaseHTTPRequestHandler):
    """Answers what it is sent, in two pieces; refuses the path `/no`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(409 if self.path == "/no" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:3])
        self.wfile.flush()
        self.wfile.write(body[3:])

    def log_message(self, *_args):
        """Stay silent."""


@contextmanager
def echo():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        wire = Wire(server.server_port)
        try:
            yield wire
        finally:
            wire.close()
            server.shutdown()
            thread.join()


def test_one_connection_carries_many_requests_of_any_size():
    with echo() as wire:
        answers = [wire.request(b"POST /", b"x" * size) for size in (0, 1, 1_000_000, 5)]

    assert [len(answer) for answer in answers] == [0, 1, 1_000_000, 5]


def test_a_refusal_is_an_error_and_the_connection_lives_on():
    with echo() as wire:
        with pytest.raises(Refused, match="409"):
            wire.request(b"POST /no", b"why")

        assert wire.request(b"POST /", b"again") == b"again"


def test_copies_differ_in_what_must_be_unique_and_in_nothing_else():
    made = copies(QUEUED, 3, "S")

    assert len({job["_id"] for job in made}) == 3
    assert [job["_id"] for job in made] == sorted(job["jobId"] for job in made)
    assert [job["datasetName"] for job in made] == ["S_0", "S_1", "S_2"]
    assert [job["parameters"] for job in made] == [{"target": f"S_{n}", "operation": "ADD"} for n in range(3)]
    assert QUEUED["parameters"]["target"] == "X"
    assert all(job["readyAt"] < datetime.now(UTC) for job in made)


def test_held_copies_say_who_holds_what():
    jobs, held = held_copies(RUNNING, 5, 2, "S")

    assert [len(each.job_ids) for each in held] == [2, 2, 1]
    assert [job["lease"]["claimId"] for job in jobs] == [each.claim_id for each in held for _ in each.job_ids]
    assert all(job["lease"]["until"] == job["readyAt"] > datetime.now(UTC) for job in jobs)


def test_clients_share_all_work_and_no_two_have_the_same():
    _, held = held_copies(RUNNING, 10, 1, "S")

    shares = [share_of(held, client, 3) for client in range(3)]

    assert sorted(each.claim_id for share in shares for each in share) == sorted(each.claim_id for each in held)


def test_a_body_of_new_jobs_is_json():
    [first, second] = orjson.loads(new_jobs("A1", 2))["jobs"]

    assert (first["target"], second["target"]) == ("A1_0", "A1_1")


def test_a_scenario_takes_its_measurements_in_turn():
    values = iter(range(1, 5))
    taken = []

    def measured(name):
        def measure(_stage):
            taken.append(name)
            return rate(name, next(values))

        return measure

    figures = run(STAGE, Scenario("any", lambda _stage: [measured("ours"), measured("raw")]), 2, lambda _text: None)

    assert taken == ["ours", "raw", "ours", "raw"]
    assert [(figure.name, figure.runs) for figure in figures] == [("ours", (1, 3)), ("raw", (2, 4))]


def test_a_scenario_that_fails_takes_no_other_along():
    told: list[str] = []

    def fails(_stage):
        raise ConnectionError("gone" * 1000)

    good = Scenario("good", lambda _stage: [lambda _stage: [Sample("n", "ms", "lower", 1.0)]])

    figures, failed = run_all(STAGE, [Scenario("bad", fails), good], 1, told.append)

    assert [figure.name for figure in figures] == ["n"]
    assert failed == ["bad"]
    assert len(told[0]) < 1000


def test_the_jobs_of_a_database_are_held_by_the_claims_that_they_name():
    database: Any = mongomock.MongoClient()["jobs"]
    jobs, held = held_copies(RUNNING, 5, 2, "S")
    database["inprogress"].insert_many(jobs)

    assert holdings(database) == held
