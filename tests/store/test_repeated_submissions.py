from dataclasses import replace

from job_service.mongo.submission import Created, Taken
from tests.store.jobs import new_job


def test_a_job_that_an_earlier_sending_stored_counts_as_created_and_is_told_of_once(store, transitions):
    mine, other = replace(new_job("AGE"), job_id="mine"), replace(new_job("AGE"), job_id="other")
    store.submission.create([mine])
    assert isinstance(store.submission.create([mine], repeated=True)[0], Created)
    assert store.submission.create([other], repeated=True) == [Taken("datasetName", "mine")]
    assert [move.job_id for move in transitions] == ["mine"]
