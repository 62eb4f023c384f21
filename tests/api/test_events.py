import json
import threading

import pytest

from job_service.mongo.telling import events as module
from job_service.mongo.telling.event_reading import Event
from job_service.mongo.telling.events import Events, Wanted
from job_service.settings import Settings


@pytest.fixture
def settings():
    return Settings.from_environment({"MAX_STREAMS": "2"})


@pytest.fixture(autouse=True)
def ended(app):
    yield
    app.extensions["job_service.drain"]()


class Reader:
    """A reader of the stream, line by line."""

    def __init__(self, http, query="", **headers):
        self.answer = http.get(
            f"/events{query}", headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        assert self.answer.status_code == 200
        self.blocks = iter(self.answer.response)
        self.ids = []

    def block(self):
        return dict(
            line.split(": ", 1) if not line.startswith(":") else ("comment", line)
            for line in next(self.blocks).decode().strip().splitlines()
        )

    def event(self):
        while True:
            block = self.block()
            if "id" in block:
                self.ids.append(block["id"])
            if "data" in block:
                return json.loads(block["data"])


def submit(http, *names):
    answers = http.post("/jobs", json={"jobs": [{"operation": "ADD", "target": name} for name in names]}).json
    return [answer["job_id"] for answer in answers]


def claim(http):
    return http.post("/claims", json={"kind": "dataset", "worker": "w"}).json["claims"][0]


def work(http):
    """Do one job: claim, two heartbeats without news, progress, a step, the end."""
    held = claim(http)
    path = f"/claims/{held['claimId']}/jobs/{held['job']['jobId']}"
    for said in ({}, {"progress": 40}, {}, {"status": "validating"}, {"status": "completed"}):
        assert http.patch(path, json=said).status_code == 200


def test_each_change_is_told_once_and_a_heartbeat_is_none(http, store):
    reader = Reader(http)
    (job_id,) = submit(http, "A")
    work(http)
    store.sweeper.sweep()
    submit(http, "B")
    told = [reader.event() for _ in range(6)]
    assert [(event["state"], event["status"], event.get("progress")) for event in told] == [
        ("queued", "queued", None),
        ("running", "initiated", None),
        ("running", "initiated", 40),
        ("running", "validating", 40),
        ("completed", "completed", 40),
        ("queued", "queued", None),
    ]
    assert [event["jobId"] == job_id for event in told] == [True] * 5 + [False]
    assert {event["kind"] for event in told} == {"dataset"}
    assert told[0]["at"].endswith("Z")


def test_the_stream_says_how_it_is_to_be_treated(http):
    reader = Reader(http)
    assert reader.answer.mimetype == "text/event-stream"
    assert reader.answer.headers["Cache-Control"] == "no-store"
    assert reader.answer.headers["X-Accel-Buffering"] == "no"
    first = reader.block()
    assert first["retry"] == "3000"
    assert first["id"]


def test_a_reader_goes_on_where_it_was_without_a_gap_and_without_hearing_twice(http):
    reader = Reader(http)
    submit(http, "A", "B", "C")
    first = reader.event()
    reader.answer.close()
    submit(http, "D")
    again = Reader(http, Last_Event_ID=reader.ids[-1])
    submit(http, "E")
    rest = [again.event() for _ in range(4)]
    assert len({event["jobId"] for event in [first, *rest]}) == 5
    assert len(set(again.ids)) == 5


def test_a_reader_that_has_heard_nothing_goes_on_from_where_it_connected(http):
    reader = Reader(http)
    place = reader.block()["id"]
    reader.answer.close()
    (job_id,) = submit(http, "A")
    assert Reader(http, Last_Event_ID=place).event()["jobId"] == job_id


@pytest.mark.parametrize("garbage", ["x", "🦄", "82", "G" * 40, "82" + "FF" * 40, '{"$ne": 1}', "A" * 5_000])
def test_an_id_that_nobody_has_given_is_refused(http, garbage):
    answer = http.get("/events", headers={"Last-Event-ID": garbage.encode().decode("latin-1")})
    assert answer.status_code == 400
    assert answer.json["errors"][0]["loc"] == ["Last-Event-ID"]


def test_too_old_an_id_is_said_to_be_so_and_the_stream_begins_now(http, monkeypatch):
    reader = Reader(http)
    place = reader.block()["id"]
    monkeypatch.setattr(Events, "_up_to_now", lambda *_: iter([module.GAP]))
    again = Reader(http, Last_Event_ID=place)
    assert "not kept any more" in again.event()["message"]
    (job_id,) = submit(http, "A")
    assert again.event()["jobId"] == job_id


def test_a_reader_may_ask_for_one_kind_or_one_job(http):
    wanted, other = submit(http, "A", "B")
    alone = Reader(http, f"?jobId={other}")
    submit(http, "C")
    http.post(f"/jobs/{wanted}/cancel")
    http.post(f"/jobs/{other}/cancel")
    assert alone.event()["jobId"] == other
    assert http.get("/events?kind=none").status_code == 400


def test_too_many_readers_are_told_to_come_back(http):
    first, _second = Reader(http), Reader(http)
    refused = http.get("/events")
    assert (refused.status_code, refused.json["code"]) == (429, "limited")
    assert int(refused.headers["Retry-After"]) > 0
    first.answer.close()
    Reader(http)


def test_a_stop_ends_every_stream(app, http):
    reader = Reader(http)
    reader.block()
    threading.Timer(0.05, app.extensions["job_service.drain"]).start()
    assert list(reader.blocks) == []


def test_a_slow_reader_is_let_go_and_finds_the_rest_again(store, monkeypatch):
    monkeypatch.setattr(module, "_BUFFERED", 2)
    events = Events(store.collections, store.context.kinds, 2)
    slow = events.subscribe(Wanted())
    for number in range(5):
        slow.offer(Event(f"{number}", "job", {"jobId": "j", "kind": "dataset"}))
    assert [(slow.take(0) or module.GAP).id for _ in range(2)] == ["0", "1"]
    with pytest.raises(EOFError):
        slow.take(0)
    events.stop()


def test_silence_is_broken_by_a_comment(http, monkeypatch):
    monkeypatch.setattr("job_service.jobs.watching.COMMENT_SECONDS", 0.05)
    reader = Reader(http)
    reader.block()
    assert "still here" in reader.block()["comment"]
