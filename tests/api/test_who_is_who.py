"""Two clients that share an address are not one: where it says nothing, a second start is refused."""

import pytest

from job_service.settings import Settings
from tests.api.asking import submitted
from tests.api.old_clients import FAR, LOOPBACK, LOOPBACK_2, OTHER, asked, put, refusal

LOST = (409, "lease-lost")
THROUGH_A_PROXY = [
    {"X-Forwarded-For": FAR},
    {"X-Real-IP": FAR},
    {"Forwarded": f"for={FAR}"},
    {"Via": "1.1 proxy"},
]


@pytest.fixture
def settings():
    return Settings.from_environment({"JOB_SERVICE_INSECURE": "true"})


@pytest.fixture
def job_id(http):
    return submitted(http, "AGE")[0]


@pytest.fixture
def number(http):
    answer = http.post("/api/job", json={"Name": "a clip", "Options": {"codec": "h264"}})
    return int(answer.headers["Location"].rpartition("/")[2])


def doing(http, number, address, worker=None, **headers):
    body = {"id": number, "status": "doing"}
    return http.post("/api/setJobStatus", json=body, **asked(address, worker, **headers)).status_code


@pytest.mark.parametrize("address", [LOOPBACK, LOOPBACK_2, "::1", "", None])
def test_a_second_start_from_this_machine_is_refused(http, job_id, number, address):
    assert put(http, job_id, "initiated", address).status_code == 200
    assert refusal(put(http, job_id, "initiated", address)) == LOST
    assert put(http, job_id, "validating", address).status_code == 200
    assert refusal(put(http, job_id, "initiated", address)) == LOST
    assert [doing(http, number, address), doing(http, number, address)] == [200, 409]


@pytest.mark.parametrize("headers", THROUGH_A_PROXY)
def test_a_second_start_through_a_proxy_is_refused(http, job_id, number, headers):
    def start():
        return http.put(f"/jobs/{job_id}", json={"status": "initiated"}, **asked(OTHER, **headers)).status_code

    assert [start(), start()] == [200, 409]
    assert [doing(http, number, OTHER, **headers), doing(http, number, OTHER, **headers)] == [200, 409]


@pytest.mark.parametrize(("address", "worker"), [(FAR, None), (LOOPBACK, "one")])
def test_a_client_of_its_own_may_say_twice_that_it_starts(http, job_id, number, address, worker):
    for _ in range(2):
        assert put(http, job_id, "initiated", address, worker).status_code == 200
        assert doing(http, number, address, worker) == 200


@pytest.mark.parametrize(("address", "worker"), [(OTHER, None), (FAR, "two"), (LOOPBACK, None)])
def test_what_one_client_has_started_another_does_not_start(http, job_id, number, address, worker):
    put(http, job_id, "initiated", FAR)
    doing(http, number, FAR)
    assert refusal(put(http, job_id, "initiated", address, worker)) == LOST
    assert doing(http, number, address, worker) == 409


def test_an_encoder_that_was_handed_its_job_says_doing_as_often_as_it_likes(http, number):
    assert http.get("/api/fetchJob").json["jobId"] == number
    assert [doing(http, number, LOOPBACK) for _ in range(3)] == [200] * 3


def test_what_was_handed_to_one_encoder_another_does_not_start(http, number):
    assert http.get("/api/fetchJob", **asked(FAR)).json["jobId"] == number
    assert (doing(http, number, OTHER), doing(http, number, FAR)) == (409, 200)


def test_a_start_that_has_run_out_may_be_made_again(http, clock, job_id, number):
    put(http, job_id, "initiated")
    doing(http, number, LOOPBACK)
    clock.advance(86_401)
    assert put(http, job_id, "initiated").status_code == 200
    assert doing(http, number, LOOPBACK) == 200


class TestBehindATrustedProxy:
    @pytest.fixture
    def settings(self):
        return Settings.from_environment({"JOB_SERVICE_INSECURE": "true", "TRUSTED_PROXIES": OTHER})

    @pytest.mark.parametrize(("said", "again"), [({"X-Forwarded-For": FAR}, 200), ({}, 409), ({"Via": "1.1 a"}, 409)])
    def test_a_client_is_known_by_what_the_proxy_says_of_it(self, http, job_id, said, again):
        def start(address):
            headers = {"X-Forwarded-For": address} if "X-Forwarded-For" in said else said
            return http.put(f"/jobs/{job_id}", json={"status": "initiated"}, **asked(OTHER, **headers)).status_code

        assert [start(FAR), start(FAR), start("10.1.2.9")] == [200, again, 409]
