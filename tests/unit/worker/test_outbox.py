"""The order in which a job's news are told."""

import pytest

from job_service.worker.outbox import HEARTBEAT, Change, Outbox, join
from job_service.worker.texts import LONGEST_LOG, clean

END = Change(status="completed", last=True)


def drained(outbox):
    told = []
    while outbox.changes:
        change = outbox.send()
        told.append(change)
        outbox.sent(change)
    return told


def test_news_that_wait_join_into_one_update():
    outbox = Outbox()
    for change in (
        Change(status="importing"),
        Change(progress=1),
        Change(log="a"),
        Change(progress=2),
        Change(log="b"),
    ):
        outbox.put(change)
    assert drained(outbox) == [Change(status="importing", progress=2, log="a\nb")]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (Change(status="validating"), Change(status="importing")),
        (Change(log="before"), Change(status="importing")),
        (Change(log="before"), END),
        (END, Change(log="after")),
    ],
)
def test_a_status_hides_no_other_and_overtakes_no_line(earlier, later):
    assert join(earlier, later) is None


def test_lines_that_wait_join_only_as_long_as_the_service_takes_them():
    long = Change(log="x" * (LONGEST_LOG - 1))
    assert join(long, Change(log="y")) is None
    assert join(long, Change(progress=1)) is not None


def test_what_is_on_its_way_does_not_change():
    outbox = Outbox()
    outbox.put(Change(log="a"))
    sending = outbox.send()
    outbox.put(Change(log="b"))
    outbox.put(Change(log="c"))
    outbox.sent(sending)
    assert sending == Change(log="a")
    assert drained(outbox) == [Change(log="b\nc")]


def test_what_did_not_arrive_is_sent_again_before_what_came_after():
    outbox = Outbox()
    outbox.put(Change(status="a"))
    outbox.send()
    outbox.put(Change(status="b"))
    outbox.keep()
    assert [change.status for change in drained(outbox)] == ["a", "b"]


def test_nothing_to_say_is_a_heartbeat():
    outbox = Outbox()
    assert outbox.send() is HEARTBEAT
    outbox.put(Change(log="a"))
    outbox.sent(HEARTBEAT)
    assert drained(outbox) == [Change(log="a")]


def test_every_update_renews_the_lease_but_the_last():
    assert HEARTBEAT.update("c", "j", 60).as_json() == {"claimId": "c", "jobId": "j", "leaseSeconds": 60}
    assert END.update("c", "j", 60).as_json() == {"claimId": "c", "jobId": "j", "status": "completed"}


def test_any_text_is_made_fit_to_be_sent():
    assert clean("caf\udce9") == "caf?"
    assert clean("x" * LONGEST_LOG) == "x" * LONGEST_LOG
    assert len(clean("x" * 1_000_000)) == LONGEST_LOG
