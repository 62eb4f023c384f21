"""Document logic that needs no server; atomicity and indexes are proved in `tests/store`."""

from datetime import UTC, datetime, timedelta

import mongomock
import pytest

from job_service.lifecycle.clock import SetClock
from job_service.lifecycle.errors import IdempotencyMismatch, NotFound
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.database.collections import Collections
from job_service.mongo.keys.idempotency import Idempotency
from job_service.mongo.keys.tokens import Tokens
from job_service.mongo.watching.workers import Workers

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def collections():
    return Collections.of(mongomock.MongoClient(tz_aware=True).get_database("jobdb"))


def test_a_key_stands_for_one_body_and_one_answer(collections):
    keys = Idempotency(collections)
    first = keys.begin("me", "key", "digest", NOW)
    again = keys.begin("me", "key", "digest", NOW + timedelta(minutes=1))
    assert (first.repeated, again.repeated) == (False, True)
    assert again.ids == first.ids
    assert keys.finish(first, b"answer") == b"answer"
    assert keys.finish(again, b"another") == b"answer"
    assert keys.begin("me", "key", "digest", NOW).answer == b"answer"
    with pytest.raises(IdempotencyMismatch):
        keys.begin("me", "key", "other", NOW)


def test_a_key_is_its_caller_s(collections):
    keys = Idempotency(collections)
    keys.finish(keys.begin("me", "key", "digest", NOW), b"mine")
    other = keys.begin("you", "key", "digest", NOW)
    assert (other.repeated, other.answer) == (False, None)
    assert keys.finish(other, b"yours") == b"yours"
    assert keys.begin("me", "key", "digest", NOW).answer == b"mine"


def test_a_token_is_found_by_its_secret_until_it_is_revoked(collections):
    tokens = Tokens(collections, SetClock(NOW))
    secret = tokens.create("ops", ["admin"], "local")
    found = tokens.find(secret)
    assert found is not None
    assert (found["name"], found["roles"]) == ("ops", ["admin"])
    tokens.revoke("ops")
    assert tokens.find(secret) is None
    with pytest.raises(NotFound):
        tokens.revoke("ops")


def test_a_token_shows_its_first_use_at_once_and_later_ones_to_the_minute(collections):
    clock = SetClock(NOW)
    tokens = Tokens(collections, clock)
    secret = tokens.create("ops", ["admin"], "local")
    assert "lastUsedAt" not in tokens.all()[0]
    shown = []
    for seconds in (1, 30, 60):
        clock.advance(seconds)
        tokens.find(secret)
        shown.append(tokens.all()[0]["lastUsedAt"])
    assert shown == [NOW + timedelta(seconds=1)] * 2 + [NOW + timedelta(seconds=91)]


def test_a_worker_is_forgotten_two_minutes_after_it_last_asked(collections):
    clock = SetClock(NOW)
    workers = Workers(collections, clock)
    workers.seen("w", Narrowing("dataset", ("ADD",)))
    assert [(seen["worker"], seen["types"]) for seen in workers.live()] == [("w", ["ADD"])]
    clock.advance(121)
    assert workers.live() == []
