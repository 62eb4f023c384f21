"""Jobs stand in the queues that their kind's claims read and in no other, and none is out of the claims' reach."""

import pytest

from job_service.families import FAMILIES
from job_service.lifecycle.definition import any_result, own_kind
from job_service.lifecycle.job import Job, NewJob
from job_service.lifecycle.kind import Narrowing
from job_service.mongo.database.collections import CLAIM_ORDER, EPOCH, ensure_indexes
from job_service.mongo.verbs.queues import queues_of
from tests.store.jobs import claim, new_job, submit

BY_KIND = {family.name: family for family in FAMILIES}
TYPES = [(family.name, name) for family in FAMILIES for name in family.types or ("any", None)]


OF_KIND = {"dataset", "code", "conversion", "transcoding"}
OF_TYPE = {"dataset", "conversion", "transfer"}
BY_ID = {"conversion", "transcoding"}


def entries(store):
    """Give how many entries the indexes have in which jobs stand for claims."""
    counted = store.database.command("validate", "inprogress")["keysPerIndex"]
    return counted["queues"], counted["queuesById"]


def entries_of(kind, job_type):
    """Give how many entries a job has in the two."""
    queues = (kind in OF_KIND) + (kind in OF_TYPE and job_type is not None)
    return (1, queues) if kind in BY_ID else (queues, 0)


@pytest.mark.parametrize("family", FAMILIES, ids=BY_KIND)
def test_a_kind_has_a_queue_for_all_that_its_claims_may_narrow_by(family):
    narrowed_by = set(family.facets.values()) - {"datasetName"}
    assert narrowed_by == set(family.claims_by) - {"kind"}
    assert "kind" in family.claims_by or (family.types and not family.by_id)


def test_a_claim_may_ask_for_the_types_there_are_and_for_no_other():
    for family in FAMILIES:
        if family.types:
            assert list(family.choices.values()) == [set(family.types)]


@pytest.mark.parametrize(("kind", "name"), TYPES)
def test_a_job_stands_in_the_queues_of_its_kind_and_is_claimed_by_it_whatever_its_type(store, clock, kind, name):
    submit(store, NewJob(kind=kind, parameters={}, type=name))
    its_own = entries_of(kind, name)
    assert entries(store) == its_own
    assert store.reading.any_claimable([kind], clock.now())
    assert store.reading.oldest_claimable(kind, clock.now()) is not None
    assert len(claim(store, narrowing=Narrowing(kind))) == 1
    assert not store.reading.any_claimable(BY_KIND, clock.now())
    assert entries(store) == its_own


def test_a_dataset_job_stands_in_two_queues_and_has_six_entries_in_all(store):
    submit(store, new_job(created_by={"userId": "u"}))
    counted = store.database.command("validate", "inprogress")["keysPerIndex"]
    assert {name: count for name, count in counted.items() if count} == {
        **dict.fromkeys(("_id_", "datasetName", "state", "user"), 1),
        "queues": 2,
    }


def test_a_job_of_an_own_kind_stands_in_a_queue_for_each_thing_that_it_has():
    kind = own_kind("email", 1, {}, any_result)
    everything = Job(type="bill", key="anna", labels=["language=no", "team=a"])
    assert queues_of(kind, Job()) == {"queues": ["email"]}
    assert queues_of(kind, everything) == {
        "queues": ["email", "email type bill", "email key anna", "email label language=no", "email label team=a"]
    }


@pytest.mark.parametrize("kind", [family.name for family in FAMILIES if family.types])
@pytest.mark.parametrize("name", [None, "", "OTHER"])
@pytest.mark.parametrize("way", [{}, {"once": True}, {"repeated": True}])
def test_no_job_is_created_that_no_claim_would_ask_for(store, kind, name, way):
    with pytest.raises(ValueError, match=f"no {kind} job of the type"):
        store.submission.create([new_job(), NewJob(kind=kind, parameters={}, type=name)], **way)
    assert store.collections.inprogress.count_documents({}) == 0


def test_what_has_ended_or_waits_for_something_else_stands_in_neither(store):
    submit(store, NewJob(kind="transfer", parameters={}, type="COPY", waits_for_children=True))
    submit(store, NewJob(kind="transfer", parameters={}, type="COPY", held_back=True))
    store.operating.cancel(submit(store)[0])
    assert entries(store) == (0, 0)


def test_jobs_of_all_types_are_claimed_by_priority_then_by_age(store, clock):
    types, ids = BY_KIND["transfer"].types, []
    for number in range(2 * len(types)):
        priority = number % 2
        job = NewJob(kind="transfer", parameters={}, type=types[number % len(types)], priority=priority)
        ids.append((-priority, number, *submit(store, job)))
        clock.advance(1)
    transfers = Narrowing("transfer")
    assert [job["_id"] for job in claim(store, 100, narrowing=transfers)] == [job_id for _, _, job_id in sorted(ids)]
    clock.advance(3600)
    assert len(claim(store, 100, "claim-two", transfers)) == len(ids)


def test_the_indexes_that_these_replace_are_dropped(new_database):
    jobs = new_database["inprogress"]
    earlier = {
        "claimable": ([("kind", 1), *CLAIM_ORDER], {"readyAt": {"$gt": EPOCH}}),
        "claimable_type": ([("kind", 1), ("type", 1), *CLAIM_ORDER], {"type": {"$gt": ""}, "readyAt": {"$gt": EPOCH}}),
        "claim_any": ([("kind", 1), *CLAIM_ORDER], {"kind": {"$in": ["code"]}, "readyAt": {"$gt": EPOCH}}),
        "claim_number": ([("kind", 1), ("priority", -1), ("_id", 1), ("readyAt", 1)], {"kind": "transcoding"}),
        "waits": ([("waits", 1), ("parentId", 1), ("_id", 1)], {"waits": "turn"}),
        "waits_children": ([("_id", 1), ("waits", 1)], {"waits": "children"}),
    }
    for name, (keys, which) in earlier.items():
        jobs.create_index(keys, name=name, partialFilterExpression=which)
    for _ in range(2):
        ensure_indexes(new_database)
        assert not earlier.keys() & jobs.index_information().keys()
        assert {"queues", "queuesById", "waits_for"} <= jobs.index_information().keys()


def test_an_index_that_another_instance_drops_first_is_no_matter(new_database, monkeypatch):
    ensure_indexes(new_database)
    jobs = type(new_database["inprogress"])
    there = new_database["inprogress"].index_information()
    monkeypatch.setattr(jobs, "index_information", lambda _self: {**there, "claimable": {}})
    ensure_indexes(new_database)
