"""What it costs to find the jobs that wait for something else than a worker: one index has them all."""

from datetime import UTC, datetime

import pytest

from job_service.transfers.elements_store import Elements

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PARENTS, HELD, UNCERTAIN, CLAIMABLE = 600, 3_000, 300, 1_000


@pytest.fixture
def elements(store):
    """Transfers that wait for their elements, the elements of three of them, and what waits for no such thing."""
    jobs: list[dict[str, object]] = [{"_id": f"parent{n:05}", "waits": "children"} for n in range(PARENTS)]
    jobs += [
        {"_id": f"turn{n:05}", "waits": "turn", "parentId": f"parent{n % 3:05}", "parameters": {"wave": n // 3 // 100}}
        for n in range(HELD)
    ]
    jobs += [{"_id": f"sent{n:05}", "waits": "confirmation", "sending": "one"} for n in range(UNCERTAIN)]
    jobs += [{"_id": f"job{n:05}", "readyAt": NOW} for n in range(CLAIMABLE)]
    store.collections.inprogress.insert_many([{"kind": "transfer", "state": "queued", **job} for job in jobs])
    return Elements(store.collections)


def test_the_sweep_finds_some_parents_in_order(elements, profiled):
    found, keys, documents = profiled(lambda: elements.waiting_parents("parent00099", 200))
    assert found == [f"parent{n:05}" for n in range(100, 300)]
    assert (keys <= 210, documents <= 200) == (True, True)
    assert elements.waiting_parents("parent00599", 200) == []


def test_the_parents_of_held_back_elements_are_one_seek_each(elements, profiled):
    found, keys, _ = profiled(lambda: list(elements.parents_of_held(200)))
    assert found == [f"parent{n:05}" for n in range(3)]
    assert keys <= 8


def test_a_wave_is_released_without_a_look_at_the_elements_of_others(store, elements, profiled):
    released, keys, documents = profiled(lambda: elements.release("parent00001", None, 0, NOW))
    assert released == 100
    assert (keys <= HELD // 3 + 10, documents <= HELD // 3 + 10) == (True, True)
    assert store.collections.inprogress.count_documents({"waits": "turn"}) == HELD - 100


def test_strays_are_found_among_the_elements_of_their_parent(elements, profiled):
    dropped, keys, _ = profiled(lambda: elements.drop_strays("parent00002", "mark"))
    assert (dropped, keys <= HELD // 3 + 10) == (HELD // 3, True)


def test_what_is_not_confirmed_is_found_among_nothing_else(store, elements, profiled):
    found, keys, _ = profiled(store.submission.confirm_left)
    assert found == UNCERTAIN
    # The statements that let them go are no searches.
    assert keys <= UNCERTAIN + 1
