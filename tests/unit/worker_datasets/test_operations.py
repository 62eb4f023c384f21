"""Operations that are no imports."""

import pytest

from job_service.worker import GiveUp

MANIFEST = {"dataStructureUpdates": [{"name": "INCOME"}, {"name": "ADDRESS"}]}
VERSIONS = {"bumpFromVersion": "1.0.0", "bumpToVersion": "1.1.0"}
BUMP = {"operation": "BUMP", "target": "DATASTORE", "bumpManifesto": MANIFEST, **VERSIONS}


@pytest.mark.parametrize(
    "parameters",
    [
        {"operation": "SET_STATUS", "releaseStatus": "PENDING_RELEASE"},
        {"operation": "REMOVE", "description": "outdated"},
        {"operation": "ROLLBACK_REMOVE"},
        {"operation": "DELETE_DRAFT"},
        BUMP,
    ],
    ids=lambda parameters: parameters["operation"],
)
def test_what_concerns_a_datastore_is_checked_and_changes_nothing(samples, run, told, parameters):
    before = sorted(samples.rglob("*"))
    job = told(**parameters)
    assert run(job)["checked"]
    assert job.statuses == ["validating"]
    assert "nothing was changed" in job.lines[0]
    assert sorted(samples.rglob("*")) == before


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"operation": "SET_STATUS"}, "releaseStatus"),
        ({"operation": "SET_STATUS", "releaseStatus": "RELEASED"}, "releaseStatus"),
        ({"operation": "REMOVE"}, "description"),
        ({**BUMP, "target": "INCOME"}, "is of DATASTORE"),
        ({**BUMP, "bumpToVersion": "1.0.0"}, "from one version to another"),
        ({**BUMP, "bumpFromVersion": None}, "from one version to another"),
        ({**BUMP, "bumpManifesto": None}, "manifest"),
        ({**BUMP, "bumpManifesto": {"dataStructureUpdates": ["x"]}}, "manifest"),
        ({**BUMP, "bumpManifesto": {"dataStructureUpdates": [{"name": "a"}]}}, "not the name"),
        ({**BUMP, "bumpManifesto": {"dataStructureUpdates": [{"name": "A"}] * 2}}, "twice"),
        ({"operation": "EXPLODE"}, "not an operation"),
        ({"operation": None}, "not an operation"),
    ],
)
def test_what_is_wrong_fails_for_good_with_the_reason(run, parameters, reason):
    with pytest.raises(GiveUp, match=reason):
        run(**parameters)


def test_an_archive_is_deleted_once_and_deleting_it_again_does_no_harm(samples, run):
    run(operation="ADD")
    assert run(operation="DELETE_ARCHIVE") == {"deleted": True}
    assert list((samples / "archive").iterdir()) == []
    assert run(operation="DELETE_ARCHIVE") == {"deleted": False}


def test_deleting_an_archive_leaves_what_still_waits(samples, run):
    run(operation="DELETE_ARCHIVE")
    assert (samples / "INCOME.tar").exists()
