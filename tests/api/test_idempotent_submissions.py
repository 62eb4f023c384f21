"""A submission sent again with its key: at once, after an interruption, and in the name of another."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.api.asking import claim, fingerprint, path_of, submit

DEADLINE = 30
KEY = {"Idempotency-Key": "k1"}
ITEMS = [{"target": "AGE"}, {"target": "age"}, {"target": "SEX"}, {"target": "AGE"}]


def test_two_that_are_sent_at_once_get_one_answer_and_make_each_job_once(app, store):
    start = Barrier(2)

    def send(_):
        client = app.test_client()
        start.wait(DEADLINE)
        return submit(client, *ITEMS, **KEY)

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(send, range(2))
    assert (one.status_code, other.status_code) == (200, 200)
    assert one.data == other.data
    assert [result["status"] for result in one.json] == ["CREATED", "FAILED", "CREATED", "FAILED"]
    assert store.collections.inprogress.count_documents({}) == 2


@pytest.mark.parametrize("ended", ["alive", "ended", "moved"])
def test_one_whose_answer_was_never_stored_is_repeated_without_doubles(http, store, ended):
    first = submit(http, *ITEMS, **KEY)
    store.collections.idempotency.update_one({"_id.key": "k1"}, {"$unset": {"answer": ""}})
    if ended != "alive":
        [held] = claim(http)
        http.patch(path_of(held), json={"status": "completed"})
    if ended == "moved":
        store.sweeper.sweep()
    before = fingerprint(store)
    again = submit(http, *ITEMS, **KEY)
    ids = [result.get("job_id") for result in first.json]
    assert [result.get("job_id") for result in again.json][:3] == ids[:3]
    assert again.json[3]["status"] == "FAILED"
    assert fingerprint(store) == before
    assert submit(http, *ITEMS, **KEY).data == again.data


def test_one_that_was_interrupted_half_way_makes_the_rest(http, store):
    first = submit(http, *ITEMS, **KEY).json
    store.collections.idempotency.update_one({"_id.key": "k1"}, {"$unset": {"answer": ""}})
    store.collections.inprogress.delete_one({"_id": first[2]["job_id"]})
    again = submit(http, *ITEMS, **KEY).json
    assert [result.get("job_id") for result in again] == [result.get("job_id") for result in first]
    assert store.collections.inprogress.count_documents({}) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ä"])
def test_a_key_that_is_none_is_400_and_makes_nothing(http, store, key):
    answer = submit(http, {"target": "AGE"}, **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json["errors"][0]["loc"]) == (400, ["Idempotency-Key"])
    assert store.collections.inprogress.count_documents({}) == 0


def test_each_of_two_tokens_makes_its_own_under_one_key(http, store):
    made: dict[str, str] = {}
    for name in ("admin", "one", "other"):
        secrets = {"Authorization": f"Bearer {made['admin']}"} if made else {}
        role = "admin" if name == "admin" else "submit"
        made[name] = http.post("/tokens", json={"name": name, "roles": [role]}, headers=secrets).json["token"]
    one, other = ({"Authorization": f"Bearer {made[name]}", **KEY} for name in ("one", "other"))
    first = submit(http, {"target": "AGE"}, **one)
    # The same body: that the dataset is busy is what the other one hears.
    assert submit(http, {"target": "AGE"}, **other).json[0]["code"] == "target-busy"
    assert submit(http, {"target": "AGE"}, **one).data == first.data
    assert store.collections.inprogress.count_documents({}) == 1
    assert submit(http, {"target": "SEX"}, **other).json["code"] == "idempotency-mismatch"


@pytest.mark.parametrize("answered", [True, False])
def test_a_key_that_the_last_version_stored_still_stands_for_its_answer(http, store, answered):
    first = submit(http, *ITEMS, **KEY)
    keys = store.collections.idempotency
    stored = keys.find_one_and_delete({})
    keys.insert_one({**stored, "_id": "k1"})
    if not answered:
        keys.update_one({}, {"$unset": {"answer": ""}})
    again = submit(http, *ITEMS, **KEY)
    assert [result.get("job_id") for result in again.json][:3] == [result.get("job_id") for result in first.json][:3]
    assert keys.count_documents({}) == 1
    # Of another body it was another caller's, for all that is known.
    assert submit(http, {"target": "OTHER"}, **KEY).json[0]["status"] == "CREATED"
