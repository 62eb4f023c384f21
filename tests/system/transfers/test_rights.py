"""What a worker may not read is named, and does not end as if it had been copied. The worker is nobody, not root."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from job_service.worker.transfers import Place, Watch, list_tree
from job_service.worker.transfers.element import Element, Mover
from job_service.worker.transfers.site import FileSite
from tests.system.transfers.trees import contents
from tests.system.transfers.whole_jobs import job

NOBODY = 65534


@contextmanager
def nobody():
    """Have the rights of nobody; who is no root has no more anyway."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def sites():
    """Two sites that nobody's worker may write to, the first with files and folders that it may not read."""
    root = Path(tempfile.mkdtemp(prefix="rights-"))
    root.chmod(0o755)
    one, other = root / "one", root / "other"
    for folder in ("open", "closed", "no names", "no files", "passage/open"):
        (one / "tree" / folder).mkdir(parents=True)
        (one / "tree" / folder / "file").write_bytes(folder.encode())
    (one / "tree" / "secret").write_bytes(b"secret")
    other.mkdir()
    other.chmod(0o777)
    for name, mode in {"closed": 0, "no names": 0o311, "no files": 0o644, "secret": 0}.items():
        (one / "tree" / name).chmod(mode)
    yield FileSite(1, str(one)), FileSite(2, str(other))
    for name in ("closed", "no names", "no files"):
        (one / "tree" / name).chmod(0o755)
    shutil.rmtree(root)


def test_what_can_be_read_is_copied_and_the_rest_is_named(sites, connections):
    with nobody():
        outcome = job(connections, sites, "COPY", (1, "~/tree"), (2, "~/copy"))
    assert contents(Path(sites[1].root) / "copy") == {"open/file": b"open", "passage/open/file": b"passage/open"}
    assert set(outcome.failed) == {f"~/tree/{name}" for name in ("closed", "no names", "no files", "secret")}
    assert {reason.rpartition(": ")[2] for reason in outcome.failed.values()} == {"Permission denied"}


def test_a_removal_that_may_not_look_into_a_folder_fails(sites, connections):
    with nobody():
        outcome = job(connections, sites, "REMOVE", (1, "~/tree"))
    assert {"~/tree/closed/", "~/tree/secret", "~/tree/"} <= set(outcome.failed)


def test_a_list_has_what_it_could_list_and_is_not_done(sites, connections):
    mover = Mover({1: sites[0]}, connections)
    with nobody():
        done = mover.do(Element("a", 1, "LIST", {"src_siteid": 1, "src_filepath": "~/tree"}), Watch())
    assert not done.well
    assert done.listing is not None
    assert set(done.listing) == {"~/tree", "~/tree/open", "~/tree/passage", "~/tree/passage/open"}
    assert "Folders that could not be listed: 3, '/tree/closed' at site 1: Permission denied" in done.lines[-1]


def test_a_folder_that_may_only_be_gone_through_is_gone_through(sites, connections):
    with nobody():
        [page] = list_tree(connections, Place(sites[0], "~/tree/no names/file"), Watch())
    assert [entry.name for entry in page.entries] == ["file"]
