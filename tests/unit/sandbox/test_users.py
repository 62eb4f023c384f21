from contextlib import ExitStack

import pytest

from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.users import UserRange, default_ids

IDS = range(70_000, 70_003)


def test_no_two_runs_have_the_same_id_at_once_whichever_worker_they_are_of(tmp_path):
    one, other = UserRange(IDS, tmp_path / "locks"), UserRange(IDS, tmp_path / "locks")
    with ExitStack() as stack:
        ids = [stack.enter_context(each.lease()) for each in (one, other, one)]

        assert sorted(ids) == list(IDS)
        with pytest.raises(SandboxUnavailable, match="all reserved user ids are taken"), other.lease():
            pass
    with one.lease() as again:
        assert again in IDS


def test_an_id_comes_back_when_its_run_failed(tmp_path):
    users = UserRange(IDS[:1], tmp_path / "locks")
    with pytest.raises(LookupError), users.lease():
        raise LookupError

    with users.lease() as uid:
        assert uid == IDS[0]


def test_only_root_can_reach_the_locks(tmp_path):
    UserRange(IDS, tmp_path / "locks")

    assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700


def test_a_place_for_the_locks_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SandboxUnavailable, match="for the locks of its user ids, cannot be made"):
        UserRange(IDS, tmp_path / "file" / "locks")


@pytest.mark.parametrize(
    ("mapping", "first"),
    [
        ("         0          0 4294967295\n", 1_879_048_192),
        ("         0     100000      65536\n", 60_600),
        ("0 1000 1\n1 100000 65536\n", 60_600),
    ],
)
def test_the_reserved_ids_are_some_that_exist_here(tmp_path, mapping, first):
    (tmp_path / "uid_map").write_text(mapping)

    assert default_ids(tmp_path / "uid_map").start == first


def test_a_container_without_spare_ids_is_told_so(tmp_path):
    (tmp_path / "uid_map").write_text("0 1000 1\n")

    with pytest.raises(SandboxUnavailable, match="no range of unused user ids is mapped into this container"):
        default_ids(tmp_path / "uid_map")
