from pathlib import Path

import pytest

from job_service.worker.transfers import Place, TransferError, mkdir, remove, rename
from tests.system.transfers.trees import contents, names

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
def test_a_rename_into_no_folder_says_so(protocol, site, root, connections):
    (root / "file").write_bytes(b"abc")
    with pytest.raises(TransferError, match="No such file"):
        rename(connections, Place(site, "file"), "nowhere/new")
    assert contents(root) == {"file": b"abc"}


@EACH
def test_a_folder_is_made_with_those_above_it_and_may_be_there_already(protocol, site, root, connections):
    for path in ("~/a/b/ç d", "a/b/ç d", "/a", "~"):
        mkdir(connections, Place(site, path))
    assert (root / "a" / "b" / "ç d").is_dir()


@EACH
def test_a_folder_is_not_made_where_a_file_is(protocol, site, root, connections):
    (root / "file").write_bytes(b"abc")
    for path in ("file", "file/below"):
        with pytest.raises(TransferError, match="at site 1"):
            mkdir(connections, Place(site, path))
    assert contents(root) == {"file": b"abc"}


@EACH
def test_paths_no_file_can_have_are_refused_with_a_sentence(protocol, site, connections):
    for path in ("", "a\0b", "\udce9", "x" * 300):
        with pytest.raises(TransferError):
            mkdir(connections, Place(site, path))
