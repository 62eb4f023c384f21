"""The checker finds each kind of violation in a handmade history, and nothing in one without."""

import pytest

from tests.torture.checker.evidence import Change, locate
from tests.torture.workers import CHUNK, chunk_of
from tests.unit.torture.histories import (
    BUSY,
    FAIL,
    UNKNOWN,
    changed,
    claim,
    claimed,
    created,
    end,
    evidence,
    job,
    made,
    op,
    rules,
    submit,
    wall,
)


def test_a_history_in_which_all_went_well_has_no_violation():
    history = (submit(0, "k", created("j1")), claim(1, "c1", "j1"), end(2, "c1"))
    moved = [
        made(parameters={"target": "D_A"}, datasetName="D_A"),
        claimed(at=1),
        changed(at=2, state="completed", removed=("datasetName", "lease")),
        Change("completed", "j1", "insert", wall(3), {"state": "completed"}),
        Change("inprogress", "j1", "delete", wall(4)),
    ]
    assert rules(*history, completed=[job()], trail=moved) == []


@pytest.mark.parametrize("outcome", ["created", "by number"])
def test_an_acknowledged_job_in_neither_collection_is_lost(outcome):
    if outcome == "created":
        assert rules(submit(0, "k", created("j1"))) == ["job lost"]
    else:
        assert rules(op("submit-number", 0, {"kind": "code"}, {"number": 4})) == ["job lost"]


def test_a_submission_of_unknown_outcome_may_be_lost():
    assert rules(submit(0, "k", outcome=UNKNOWN, status=0)) == []


def test_a_chosen_id_that_was_there_when_it_was_sent_again_counts_as_acknowledged():
    asked = {"source": "north", "id": "j1"}
    first = op("submit-conversion", 0, asked, outcome=UNKNOWN, status=0)
    again = op("submit-conversion", 1, {**asked, "again": 1}, outcome=FAIL, status=409)
    assert rules(first, again) == ["job lost"]
    assert rules(op("submit-conversion", 0, asked, outcome=FAIL, status=409)) == []


def test_a_job_removed_without_a_copy_is_lost():
    ended = [made(), claimed(), changed(at=2, state="completed")]
    assert rules(trail=[*ended, Change("inprogress", "j1", "delete", wall(3))]) == ["job lost"]


def test_a_known_job_that_is_not_found_is_a_violation():
    assert rules(op("get", 1, {"jobId": "j1"}, outcome=FAIL, status=404), completed=[job()]) == ["job not found"]


def test_a_lease_that_begins_within_another_is_a_second_live_one():
    assert rules(claim(0, "c1", "j1"), claim(3, "c2", "j1")) == ["two live leases"]
    assert rules(claim(0, "c1", "j1"), claim(5.1, "c2", "j1")) == []


def test_a_heartbeat_makes_a_lease_longer():
    heartbeat = op("update", 4, {"claimId": "c1", "jobId": "j1"}, {"leaseExpiresAt": "2026-01-02T03:04:14+00:00"})
    assert rules(claim(0, "c1", "j1"), heartbeat, claim(6, "c2", "j1")) == ["two live leases"]


def test_a_job_given_back_may_be_claimed_at_once():
    release = op("release", 1, {"claimId": "c1", "jobId": "j1"}, {})
    assert rules(claim(0, "c1", "j1"), release, claim(1.5, "c2", "j1")) == []


def test_the_database_shows_a_job_taken_within_its_lease():
    assert rules(trail=[made(), claimed(at=1), claimed(at=4, claims=2)]) == ["two live leases"]
    assert rules(trail=[made(), claimed(at=1), claimed(at=6, claims=2)]) == []


def test_what_is_accepted_from_a_worker_that_lost_its_lease_is_a_stale_write():
    history = (claim(0, "c1", "j1"), claim(6, "c2", "j1"))
    late = op("update", 7, {"claimId": "c1", "jobId": "j1"}, {})
    assert rules(*history, late) == ["stale write accepted"]
    assert rules(*history, op("update", 7, late.asked, {}, outcome=FAIL, status=409)) == []


def test_late_work_that_nobody_has_taken_over_is_no_stale_write():
    assert rules(claim(0, "c1", "j1"), end(7, "c1"), completed=[job()]) == []


def test_the_same_end_sent_again_is_no_stale_write():
    asked = {"claimId": "c1", "jobId": "j1", "status": "failed", "retry": True}
    taken_over, again = claim(6, "c2", "j1"), end(8, "c1", status="failed", retry=True, again=1)
    assert rules(claim(0, "c1", "j1"), op("end", 1, asked, outcome=UNKNOWN, status=0), taken_over, again) == []
    too_late = op("end", 7, asked, outcome=UNKNOWN, status=0)
    assert rules(claim(0, "c1", "j1"), taken_over, too_late, again) == ["stale write accepted"]


def test_two_acknowledged_ends_are_an_end_too_many():
    history = (claim(0, "c1", "j1"), claim(6, "c2", "j1"))
    assert "ended twice" in rules(*history, end(6.05, "c1"), end(8, "c2"), completed=[job()])
    ends = (end(6.05, "c1", element=True), end(8, "c2", element=True))
    assert "element run twice" in rules(*history, *ends, completed=[job()])


def test_an_end_that_the_database_does_not_know_is_lost():
    assert rules(claim(0, "c1", "j1"), end(1, "c1"), inprogress=[job(state="running")]) == ["end lost"]
    assert rules(claim(0, "c1", "j1"), end(1, "c1"), completed=[job(state="failed")]) == ["end lost"]


def test_a_number_said_to_be_processed_has_ended():
    said = op("end-number", 1, {"kind": "transcoding", "number": 7}, {})
    waiting = job(state="queued", kind="transcoding", number=7)
    assert rules(said, inprogress=[waiting]) == ["end lost"]


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ([made(), changed(state="failed"), changed(state="completed")], "ended twice"),
        ([made(), changed(state="completed"), changed(state="running")], "illegal transition"),
        ([made(), changed(state="quarantined")], "illegal transition"),
        ([made(), claimed(), changed(state="cancelled"), claimed(claims=2)], "illegal transition"),
    ],
)
def test_a_move_that_the_diagram_does_not_have_is_found(steps, rule):
    assert rules(trail=steps) == [rule]


def test_a_copy_that_ended_otherwise_is_found():
    ended = [made(), claimed(), changed(at=2, state="completed")]
    copied = Change("completed", "j1", "insert", wall(3), {"state": "failed"})
    assert rules(trail=[*ended, copied]) == ["illegal transition"]


def test_a_job_is_put_back_after_its_end_only_if_somebody_asks_for_it():
    ended = [made(), changed(state="completed"), Change("completed", "j1", "insert", wall(3), {"state": "completed"})]
    trail = [*ended, Change("inprogress", "j1", "delete", wall(4)), made(at=5)]
    back = job(state="queued", kind="transcoding", number=7)
    asked = op("reopen", 4, {"kind": "transcoding", "number": 7}, {})
    assert rules(asked, inprogress=[back], trail=trail) == []
    assert rules(inprogress=[back], trail=trail) == ["illegal transition"]


def pausing(begun, pause):
    return op("maintenance", begun, {"pause": pause}, {})


def test_a_claim_that_began_while_paused_gets_nothing():
    paused = (pausing(1, 1), pausing(9, 0))
    assert rules(*paused, claim(4, "c1", "j1")) == ["started while paused"]
    assert rules(*paused, claim(4, "c1")) == []
    fetched = op("fetch", 4, {"kind": "transcoding"}, {"number": 1})
    assert rules(*paused, fetched) == ["started while paused"]


@pytest.mark.parametrize("begun", [1.05, 8.95, 10])
def test_a_claim_that_began_before_the_answer_or_ended_after_the_lifting_may_get_jobs(begun):
    assert rules(pausing(1, 1), pausing(9, 0), claim(begun, "c1", "j1")) == []


def test_a_pause_without_an_answer_proves_nothing():
    unanswered = op("maintenance", 1, {"pause": 1}, outcome=UNKNOWN, status=0)
    assert rules(unanswered, pausing(9, 0), claim(4, "c1", "j1")) == []


def test_what_an_ended_job_holds_on_to_is_found():
    found = rules(inprogress=[job(datasetName="A")])
    assert found == ["dataset stuck", "left in inprogress"]


def test_a_job_in_both_collections_is_found():
    assert rules(inprogress=[job(state="queued")], completed=[job()]) == ["in both collections"]


def test_a_parent_whose_elements_have_all_ended_is_stuck():
    parent = job("p", "queued", kind="transfer", waits="children")
    child = job("e", kind="transfer", parentId="p", parameters={"element": 0})
    assert rules(inprogress=[parent], completed=[child]) == ["parent stuck"]


def test_an_element_that_is_there_twice_is_found():
    place = {"element": 1, "expansion": "x"}
    twins = [job(name, kind="transfer", parentId="p", parameters=place) for name in ("e", "f")]
    assert rules(completed=twins) == ["element made twice"]


def test_an_element_named_by_numbers_is_found_among_those_that_count():
    parent = job("p", kind="transfer", number=7)
    first = job("e0", kind="transfer", parentId="p", parameters={"element": 0, "expansion": "x"})
    others = [
        job(f"{mark}1", kind="transfer", parentId="p", parameters={"element": 1, "expansion": mark}) for mark in "xy"
    ]
    asked = {"place": [7, 1], "claimId": "c", "status": "completed", "element": True}
    known = evidence(op("end", 1, asked, {}), completed=[parent, first, *others])
    locate(known.ops, known.end)
    assert known.ops[0].asked["jobId"] == "x1"


def test_a_dataset_refused_as_busy_without_a_holder_is_stuck():
    refused = submit(20, "k", BUSY, targets=["A"])
    held = [made(at=1, datasetName="A"), changed(at=5, state="cancelled", removed=("datasetName",))]
    assert rules(refused, trail=held) == ["dataset stuck"]
    assert rules(refused, trail=held[:1]) == []


def test_one_key_with_two_answers_or_two_jobs_is_found():
    twice = (submit(0, "k", created("j1")), submit(5, "k", created("j2")))
    assert rules(*twice, completed=[job("j1"), job("j2")]) == ["submitted twice"]
    jobs = [made(name, parameters={"target": "D_A"}) for name in ("j1", "j2")]
    assert rules(trail=jobs) == ["submitted twice"]


def line(begun, text, **more):
    return op("update", begun, {"claimId": "c1", "jobId": "j1", "log": text}, {}, **more)


def logged(*texts):
    return job(log=[{"message": text} for text in texts])


def test_an_acknowledged_line_that_is_not_there_is_a_hole():
    assert rules(line(1, "a"), line(2, "b"), completed=[logged("a")]) == ["log with a hole"]
    assert rules(line(1, "a"), line(2, "b", outcome=UNKNOWN, status=503), completed=[logged("a")]) == []


def test_a_line_that_is_there_twice_or_out_of_order_is_found():
    assert "log line twice" in rules(line(1, "a"), completed=[logged("a", "a")])
    assert rules(line(1, "a"), line(2, "b"), completed=[logged("b", "a")]) == ["log out of order"]


def test_an_acknowledged_piece_of_a_transfers_log_is_at_its_place():
    sent = op("monitor", 1, {"claimId": "c1", "jobId": "e", "chunk": 1}, {})
    piece = {"at": CHUNK, "data": chunk_of("c1", 1).encode()}
    assert rules(sent, pieces={"e": [piece]}) == []
    assert rules(sent, pieces={"e": [{**piece, "at": 0}]}) == ["log with a hole"]


@pytest.mark.parametrize(("status", "found"), [(500, ["unexpected error"]), (502, ["unexpected error"]), (503, [])])
def test_an_error_of_the_service_is_a_503_or_a_violation(status, found):
    assert rules(op("read", 1, {"path": "/"}, outcome=UNKNOWN, status=status)) == found
