"""Each job that may be claimed is an entry of one index in the order of claims, and no job is out of their reach."""

import pytest

from job_service.families import FAMILIES
from job_service.lifecycle.family import Narrowing
from job_service.lifecycle.job import NewJob
from job_service.mongo.collections import CLAIM_ORDER, EPOCH, TYPED_KINDS, UNTYPED_KINDS, ensure_indexes
from tests.store.jobs import claim, new_job, submit

BY_KIND = {family.kind: family for family in FAMILIES}
TYPES = [(family.kind, name) for family in FAMILIES for name in family.types or ("any", None)]


def entries(store):
    """Give how many entries the indexes have in which jobs stand in the order of claims."""
    counted = store.database.command("validate", "inprogress")["keysPerIndex"]
    return {name: counted[name] for name in ("claim_type", "claim_order")}


def test_every_family_is_served_by_one_of_the_two_indexes():
    assert {kind for kind, family in BY_KIND.items() if family.types} == set(TYPED_KINDS)
    assert sorted([*TYPED_KINDS, *UNTYPED_KINDS]) == sorted(BY_KIND)


@pytest.mark.parametrize("family", FAMILIES, ids=BY_KIND)
def test_a_claim_may_ask_for_the_types_there_are_and_for_no_other(family):
    for facet, choices in family.choices.items():
        assert (family.facets[facet], set(family.types)) == ("type", choices)


@pytest.mark.parametrize(("kind", "name"), TYPES)
def test_a_job_of_every_type_stands_in_one_index_and_is_claimed_by_its_kind(store, clock, kind, name):
    submit(store, NewJob(kind=kind, parameters={}, type=name))
    typed = bool(BY_KIND[kind].types)
    assert entries(store) == {"claim_type": int(typed), "claim_order": int(not typed)}
    assert store.reading.any_claimable([kind], clock.now())
    assert store.reading.oldest_claimable(kind, clock.now()) is not None
    assert len(claim(store, narrowing=Narrowing(kind))) == 1
    assert not store.reading.any_claimable(BY_KIND, clock.now())
    assert entries(store) == {"claim_type": int(typed), "claim_order": int(not typed)}


@pytest.mark.parametrize("kind", TYPED_KINDS)
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
    assert entries(store) == {"claim_type": 0, "claim_order": 0}


def test_jobs_of_all_types_are_claimed_by_priority_then_by_age(store, clock):
    types, ids = BY_KIND["dataset"].types, []
    for number in range(2 * len(types)):
        priority = number % 2
        job = NewJob(kind="dataset", parameters={}, type=types[number % len(types)], priority=priority)
        ids.append((-priority, number, *submit(store, job)))
        clock.advance(1)
    assert [job["_id"] for job in claim(store, 100)] == [job_id for _, _, job_id in sorted(ids)]
    clock.advance(3600)
    assert len(claim(store, 100, "claim-two")) == len(ids)


def test_the_indexes_that_these_replace_are_dropped(new_database):
    jobs = new_database["inprogress"]
    earlier = {
        "claimable": [("kind", 1), *CLAIM_ORDER],
        "claimable_type": [("kind", 1), ("type", 1), *CLAIM_ORDER],
        "waits": [("waits", 1), ("parentId", 1), ("_id", 1)],
        "waits_children": [("_id", 1), ("waits", 1)],
    }
    for name, keys in earlier.items():
        jobs.create_index(keys, name=name, partialFilterExpression={"readyAt": {"$gt": EPOCH}})
    for _ in range(2):
        ensure_indexes(new_database)
        assert not earlier.keys() & jobs.index_information().keys()
        assert {"claim_type", "claim_order", "waits_for"} <= jobs.index_information().keys()


def test_an_index_that_another_instance_drops_first_is_no_matter(new_database, monkeypatch):
    ensure_indexes(new_database)
    jobs = type(new_database["inprogress"])
    there = new_database["inprogress"].index_information()
    monkeypatch.setattr(jobs, "index_information", lambda _self: {**there, "claimable": {}})
    ensure_indexes(new_database)
