import os
import stat
import tracemalloc

import pytest

from job_service.worker.transfers import (
    Place,
    Progress,
    TransferCancelled,
    TransferError,
    Watch,
    list_tree,
    remove,
    rename,
)
from tests.system.transfers.trees import NAMES, NOT_UTF8, copy, entries, fill

EACH = pytest.mark.parametrize("protocol", ["FILE", "SSH"])


def pages(connections, place, watch=None):
    return list(list_tree(connections, place, watch or Watch()))


@EACH
def test_a_listing_has_everything_that_is_there(protocol, roots, site_at, connections):
    root = fill(roots / "one")
    found = entries(connections, Place(site_at(protocol, 1, root), "/"))
    expected = {f"/{path.relative_to(root)}": path.lstat() for path in root.rglob("*")}
    assert set(found) == set(expected)
    for path, entry in found.items():
        there = expected[path]
        assert (entry.mode, entry.size, entry.mtime) == (there.st_mode, there.st_size, int(there.st_mtime))
    assert stat.S_ISLNK(found["/link out"].mode)


@EACH
def test_a_listing_goes_from_the_top_down_and_by_name(protocol, roots, site_at, connections):
    root = fill(roots / "one")
    site = site_at(protocol, 1, root)
    first = pages(connections, Place(site, "~"))
    assert [page.directory for page in first][:4] == ["~", "~/a", "~/a/b", "~/a/b/c"]
    assert all(list(page.entries) == sorted(page.entries, key=lambda entry: entry.name) for page in first)
    assert pages(connections, Place(site, "~")) == first
    assert next(page for page in first if page.directory == "~/empty folder").listing() == {"~/empty folder": []}


@EACH
@pytest.mark.parametrize(
    ("path", "directory"),
    [("/a", "/a"), ("/a/", "/a"), ("~/a", "~/a"), ("a", "~/a"), ("./b/.././a", "~/b/../a"), ("~", "~"), ("/", "/")],
)
def test_folders_are_written_as_they_were_asked_for(protocol, path, directory, roots, site_at, connections):
    (roots / "one" / "a").mkdir()
    site = site_at(protocol, 1, roots / "one")
    assert pages(connections, Place(site, path))[0].directory == directory


@EACH
def test_a_file_and_a_link_are_listed_in_their_folder(protocol, roots, site_at, connections):
    (roots / "one" / "folder").mkdir()
    (roots / "one" / "folder" / "file").write_bytes(b"abc")
    (roots / "one" / "link").symlink_to("folder")
    site = site_at(protocol, 1, roots / "one")
    (file,) = pages(connections, Place(site, "~/folder/file"))
    (listed,) = file.listing()["~/folder"]
    assert (listed["name"], listed["st_size"]) == ("file", 3)
    (link,) = pages(connections, Place(site, "link"))
    assert (link.directory, [entry.kind for entry in link.entries]) == ("~", ["a symbolic link"])


@EACH
def test_nothing_at_the_path_is_an_error(protocol, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"abc")
    site = site_at(protocol, 1, roots / "one")
    for path in ("nothing", "file/below", "/no/where"):
        with pytest.raises(TransferError, match="site 1: nothing is there"):
            pages(connections, Place(site, path))


@EACH
def test_a_name_that_is_not_utf8_is_listed_in_characters_that_lead_back_to_it(protocol, roots, site_at, connections):
    folder = roots / "one" / "folder"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(b"")
    (folder / os.fsdecode(NOT_UTF8)).mkdir()
    (folder / os.fsdecode(NOT_UTF8) / "file").write_bytes(b"abc")
    site = site_at(protocol, 1, roots / "one")
    page, below = pages(connections, Place(site, "folder"))
    assert {entry.name for entry in page.entries} == {*NAMES, "latin-1-caf\uefe9"}
    assert below.directory == "~/folder/latin-1-caf\uefe9"
    assert copy(connections, Place(site, f"{below.directory}/file"), Place(site, "~/\uefe9")).size == 3
    assert rename(connections, Place(site, "~/\uefe9"), "~/\uefc3\uefa9")
    assert remove(connections, Place(site, "~/é"))


@EACH
def test_a_large_folder_comes_in_pages_and_a_listing_can_be_cancelled(protocol, roots, site_at, connections):
    for number in range(2500):
        (roots / "one" / f"{number:04}").touch()
    site = site_at(protocol, 1, roots / "one")
    seen: list[Progress] = []
    found = pages(connections, Place(site, "/"), Watch(seen.append, interval=0))
    assert [(page.directory, len(page.entries)) for page in found] == [("/", 1000), ("/", 1000), ("/", 500)]
    assert seen[-1].transferred == 2500
    with pytest.raises(TransferCancelled):
        pages(connections, Place(site, "/"), Watch(cancelled=lambda: True))


@EACH
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_100_000_entries_take_bounded_memory(protocol, roots, site_at, connections):
    for folder in range(20):
        (roots / "one" / str(folder)).mkdir()
        for number in range(5000):
            os.mknod(roots / "one" / str(folder) / f"some file with a longer name {number}")
    site = site_at(protocol, 1, roots / "one")
    tracemalloc.start()
    try:
        count = sum(len(page.entries) for page in list_tree(connections, Place(site, "/"), Watch()))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_020
    assert most < 10 << 20
