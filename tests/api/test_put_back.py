"""An encoding job that is put back is taken from who had it, and only from who may lose it so."""

import pytest

from job_service.settings import Settings
from tests.api.asking import claim, fingerprint, path_of
from tests.api.old_clients import FAR, LOOPBACK_2, OTHER, asked

STATUS = "/api/setJobStatus"


def say(http, number, status, address=OTHER, path=STATUS, **more):
    return http.post(path, json={"id": number, "status": status}, **asked(address, **more)).status_code


def add(http, **more):
    return int(http.post("/api/job", json={"Name": "a clip"}, **more).headers["Location"].rpartition("/")[2])


@pytest.fixture
def settings():
    """Asked from far away, as encoders do."""
    return Settings.from_environment({"JOB_SERVICE_INSECURE": "true"})


@pytest.fixture
def number(http):
    return add(http)


@pytest.mark.parametrize("path", [STATUS, "/api/updateJob"])
@pytest.mark.parametrize("how", ["claims", "X-Worker"])
def test_a_worker_with_a_name_keeps_its_job(http, store, number, how, path):
    if how == "claims":
        claim(http, kind="transcoding", worker="w")
    else:
        assert say(http, number, "doing", FAR, worker="w") == 200
    before = fingerprint(store)
    assert say(http, number, "todo", path=path) == 409
    assert say(http, number, "todo", worker="other", path=path) == 409
    assert fingerprint(store) == before
    assert say(http, number, "todo", worker="w", path=path) == 200


def test_what_nobody_keeps_any_more_is_anybody_s(http, clock, number):
    claim(http, kind="transcoding", worker="w")
    clock.advance(90_000)
    assert say(http, number, "todo") == 200
    assert say(http, number, "doing") == 200


@pytest.mark.parametrize("how", ["fetchJob", "doing"])
def test_an_old_client_loses_its_job_and_is_fenced(http, store, number, how):
    if how == "doing":
        assert say(http, number, "doing", FAR) == 200
    else:
        assert http.get("/api/fetchJob", **asked(FAR)).status_code == 200
    assert say(http, number, "todo") == 200
    assert say(http, number, "processed", FAR) == 409
    assert say(http, number, "doing") == 200
    before = fingerprint(store)
    assert [say(http, number, status, FAR) for status in ("processed", "doing", "todo")] == [409, 409, 409]
    assert fingerprint(store) == before
    assert say(http, number, "processed") == 200


def test_who_puts_its_own_job_back_is_not_fenced(http, number):
    assert [say(http, number, status) for status in ("doing", "todo", "processed", "todo")] == [200] * 4


def test_who_has_begun_anew_may_put_back_what_it_has_ended(http, number):
    say(http, number, "doing", FAR)
    say(http, number, "todo")
    assert [say(http, number, status, FAR) for status in ("doing", "processed", "todo")] == [200] * 3


def test_an_operator_takes_it_from_anyone(http):
    admin, work, operate = ({"Authorization": f"Bearer {token}"} for token in tokens(http, "admin", "work", "operate"))
    number = add(http, headers=admin)
    for operator in (operate, admin):
        [held] = http.post("/claims", json={"kind": "transcoding", "worker": "w"}, headers=work).json["claims"]
        assert say(http, number, "todo", LOOPBACK_2, **work) == 409
        assert say(http, number, "todo", LOOPBACK_2, **operator) == 200
        assert http.patch(path_of(held), json={"progress": 5}, headers=work).status_code == 409


class TestATrustedAddress:
    @pytest.fixture
    def settings(self):
        return Settings.from_environment({"TRUSTED_CLIENTS": f"{OTHER}=submit+work+operate"})

    def test_is_no_operator_s_token(self, http):
        number = add(http, **asked(OTHER))
        assert http.post("/claims", json={"kind": "transcoding", "worker": "w"}, **asked(OTHER)).json["claims"]
        assert say(http, number, "todo") == 409


def tokens(http, *roles):
    found: list[str] = []
    for role in roles:
        headers = {"Authorization": f"Bearer {found[0]}"} if found else {}
        answer = http.post("/tokens", json={"name": role, "roles": [role]}, headers=headers)
        found.append(answer.json["token"])
    return found
