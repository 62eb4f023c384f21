from pathlib import Path

import pytest

from job_service.worker.transfers import Attempt, Place, TransferError, Watch, copy_file, mkdir, remove, rename
from tests.system.transfers.trees import contents, names
from tests.system.transfers.whole_jobs import job

EACH = pytest.mark.parametrize("protocol", ["FILE", "SSH"])


@pytest.fixture
def root(roots):
    return roots / "one"


@pytest.fixture
def site(protocol, root, site_at):
    return site_at(protocol, 1, root)


@EACH
def test_a_file_a_link_and_an_empty_folder_can_be_removed_and_removed_again(protocol, site, root, connections):
    (root / "folder" / "in it").mkdir(parents=True)
    (root / "folder" / "new\nline").write_bytes(b"abc")
    (root / "link").symlink_to("folder")
    for path in ("folder/new\nline", "link", "~/folder/in it/", "/folder"):
        assert remove(connections, Place(site, path))
        assert not remove(connections, Place(site, path))
    assert names(root) == []


@EACH
def test_a_folder_with_something_in_it_is_not_removed(protocol, site, root, connections):
    (root / "folder").mkdir()
    (root / "folder" / "file").write_bytes(b"abc")
    with pytest.raises(TransferError, match=r"'/folder' at site 1: .*not empty"):
        remove(connections, Place(site, "folder"))
    assert contents(root) == {"folder/file": b"abc"}


@EACH
def test_the_root_is_neither_removed_nor_renamed(protocol, site, root, connections):
    for path in ("~", "/", ".", "a/.."):
        with pytest.raises(TransferError, match=r"root of site 1|ends with"):
            remove(connections, Place(site, path))
        with pytest.raises(TransferError, match=r"root of site 1|ends with"):
            rename(connections, Place(site, path), "new")
        with pytest.raises(TransferError, match=r"root of site 1|ends with"):
            rename(connections, Place(site, "file"), path)


@EACH
def test_a_file_a_folder_and_a_link_can_be_renamed(protocol, site, root, connections):
    (root / "folder").mkdir()
    (root / "folder" / "file").write_bytes(b"abc")
    (root / "link").symlink_to("folder")
    assert rename(connections, Place(site, "folder/file"), "folder/quo'te\"\n")
    assert rename(connections, Place(site, "folder"), "~/other")
    assert rename(connections, Place(site, "link"), "/other/link")
    assert contents(root) == {"other/quo'te\"\n": b"abc"}
    assert (root / "other" / "link").readlink() == Path("folder")


@EACH
def test_a_rename_replaces_a_file_and_no_folder(protocol, site, root, connections):
    (root / "file").write_bytes(b"new")
    (root / "old").write_bytes(b"old")
    (root / "folder").mkdir()
    with pytest.raises(TransferError, match="a folder has this name"):
        rename(connections, Place(site, "file"), "folder")
    assert rename(connections, Place(site, "file"), "old")
    assert contents(root) == {"old": b"new"}


@EACH
def test_a_rename_that_an_attempt_before_did_is_found_done(protocol, site, root, connections):
    (root / "file").write_bytes(b"abc")
    assert rename(connections, Place(site, "file"), "new")
    assert not rename(connections, Place(site, "file"), "new", repeated=True)
    with pytest.raises(TransferError, match="nothing is there"):
        rename(connections, Place(site, "file"), "new")
    with pytest.raises(TransferError, match="nothing is there"):
        rename(connections, Place(site, "file"), "never", repeated=True)


@EACH
@pytest.mark.parametrize(
    ("new", "wrong"), [("nowhere/new", "/nowhere"), ("nowhere/deep/new", "/nowhere/deep"), ("file/new", "/file")]
)
def test_a_rename_into_no_folder_names_the_folder(protocol, site, root, connections, new, wrong):
    (root / "file").write_bytes(b"abc")
    (root / "other").write_bytes(b"def")
    with pytest.raises(TransferError, match=rf"^'{wrong}' at site 1: no folder is there\.$"):
        rename(connections, Place(site, "other"), new)
    assert contents(root) == {"file": b"abc", "other": b"def"}


@EACH
def test_a_rename_may_lead_through_a_link_to_a_folder(protocol, site, root, connections):
    (root / "file").write_bytes(b"abc")
    (root / "folder").mkdir()
    (root / "link").symlink_to("folder")
    assert rename(connections, Place(site, "file"), "link/new")
    assert contents(root) == {"folder/new": b"abc"}


@EACH
@pytest.mark.parametrize("kind", ["REMOVE", "RENAME"])
@pytest.mark.parametrize("path", ["rd/in/..", "~", "/", "rd/.."])
def test_what_is_neither_removed_nor_renamed_is_not_listed_for_it(protocol, site, root, connections, kind, path):
    (root / "rd" / "in").mkdir(parents=True)
    (root / "rd" / "in" / "file").write_bytes(b"abc")
    outcome = job(connections, [site], kind, (1, path), (1, "new") if kind == "RENAME" else None)
    assert list(outcome.failed) == [path]
    assert "neither removed nor renamed" in outcome.failed[path]
    assert contents(root) == {"rd/in/file": b"abc"}


@EACH
def test_a_folder_is_made_with_those_above_it_and_may_be_there_already(protocol, site, root, connections):
    for path in ("~/a/b/ç d", "a/b/ç d", "/a", "~"):
        mkdir(connections, Place(site, path))
    assert (root / "a" / "b" / "ç d").is_dir()


@EACH
def test_a_folder_is_not_made_where_a_file_is_and_the_file_is_named(protocol, site, root, connections):
    (root / "file").write_bytes(b"abc")
    for path in ("file", "file/below", "file/further/below"):
        with pytest.raises(TransferError, match=r"^'/file' at site 1: "):
            mkdir(connections, Place(site, path))
    (root / "source").write_bytes(b"def")
    with pytest.raises(TransferError, match=r"^'/file' at site 1: "):
        copy_file(connections, Place(site, "source"), Place(site, "file/a/copy"), Attempt("one"), Watch())
    assert contents(root) == {"file": b"abc", "source": b"def"}


@EACH
def test_a_folder_that_can_not_be_made_is_named_and_not_what_was_to_be_in_it(protocol, site, root, connections):
    long = "x" * 300
    with pytest.raises(TransferError, match=rf"^'/new/{long}' at site 1: "):
        mkdir(connections, Place(site, f"new/{long}/deep"))


@EACH
def test_paths_no_file_can_have_are_refused_with_a_sentence(protocol, site, connections):
    for path in ("", "a\0b", "\udce9", "x" * 300):
        with pytest.raises(TransferError):
            mkdir(connections, Place(site, path))
