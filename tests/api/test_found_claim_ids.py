"""A claim id makes a worker's own request safe to repeat; it hands nobody else's jobs out a second time."""

from tests.api.asking import claim, path_of, submitted

CLAIM_ID = "claim-0001"


def test_the_same_claim_id_of_another_worker_gets_none_of_the_jobs(http):
    submitted(http, "AGE", "SEX")
    [held] = claim(http, worker="one", claimId=CLAIM_ID)
    assert claim(http, worker="two", claimId=CLAIM_ID) == []
    assert claim(http, worker="one", claimId=CLAIM_ID) == [held]
    assert http.patch(path_of(held), json={"status": "completed"}).status_code == 200


def test_another_worker_that_chose_the_same_claim_id_gets_jobs_under_a_new_one(http):
    submitted(http, "AGE", "SEX")
    [first] = claim(http, worker="one", claimId=CLAIM_ID)
    [second] = claim(http, worker="two", claimId="claim-0002")
    assert first["job"]["jobId"] != second["job"]["jobId"]
