"""GRIDFTP against a real server on loopback, through the real tools."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from job_service.worker.transfers import (
    PathOutsideSite,
    Place,
    ToolMissing,
    TransferCancelled,
    TransferError,
    Watch,
    list_tree,
    mkdir,
    remove,
    rename,
)
from tests.system.transfers.trees import LARGE, contents, copy, copy_tree, entries, leftovers, names

AWKWARD = (
    "with space",
    "quo'te\"s",
    "#hash?query&per%20cent",
    "-rf",
    "$(touch x)",
    "~",
    "tab\tbed",
    "empty",
)


@pytest.fixture
def place(gridftp, request):
    """A folder of its own for each test, by its path at the site."""
    folder = f"/{abs(hash(request.node.name))}"
    there = Path(gridftp.root + folder)
    there.mkdir()
    # The server acts for anonymous users as somebody else than who runs the tests.
    there.chmod(0o777)
    return Place(gridftp, folder)


@pytest.fixture
def there(place):
    return Path(place.site.root + place.path)


def beside(place, name):
    return Place(place.site, f"{place.path}/{name}")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("protocol", ["FILE", "SSH"])
def test_a_tree_goes_there_and_comes_back_byte_by_byte(protocol, place, there, roots, site_at, connections):
    for name in AWKWARD:
        (roots / "one" / name).write_bytes(b"" if name == "empty" else os.urandom(30_000))
    (roots / "one" / "a" / "b").mkdir(parents=True)
    (roots / "one" / "a" / "b" / "large").write_bytes(os.urandom(LARGE))
    here = site_at(protocol, 1, roots)
    assert copy_tree(connections, Place(here, "~/one"), place) == len(AWKWARD) + 1
    assert contents(there) == contents(roots / "one")
    assert copy_tree(connections, place, Place(here, "~/other")) == len(AWKWARD) + 1
    assert contents(roots / "other") == contents(roots / "one")


def test_both_ends_compare_checksums(place, there, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"abc")
    here = site_at("FILE", 1, roots / "one")
    sent = copy(connections, Place(here, "file"), beside(place, "sent"))
    onward = copy(connections, beside(place, "sent"), beside(place, "onward"))
    back = copy(connections, beside(place, "onward"), Place(here, "back"))
    assert [each.verified for each in (sent, onward, back)] == ["checksum"] * 3
    assert sent.sha256 == onward.sha256 == back.sha256
    assert contents(there) == {"sent": b"abc", "onward": b"abc"}


def test_a_copy_done_again_replaces_the_file(place, there, roots, site_at, connections):
    here = site_at("FILE", 1, roots / "one")
    for content in (b"one", b"another"):
        (roots / "one" / "file").write_bytes(content)
        copy(connections, Place(here, "file"), beside(place, "file"))
    assert contents(there) == {"file": b"another"}


@pytest.mark.parametrize("target", ["FILE", "GRIDFTP"])
def test_a_cancelled_copy_leaves_nothing(target, place, there, roots, site_at, connections):
    (there / "large").write_bytes(os.urandom(LARGE))
    to = beside(place, "copy") if target == "GRIDFTP" else Place(site_at("FILE", 1, roots / "one"), "copy")
    answers = iter([False, False])
    with pytest.raises(TransferCancelled):
        copy(connections, beside(place, "large"), to, watch=Watch(cancelled=lambda: next(answers, True)))
    assert names(there) == ["large"]
    assert names(roots / "one") == []


def test_a_listing_has_sizes_kinds_and_times(place, there, connections):
    (there / "folder" / "in it").mkdir(parents=True)
    (there / "folder" / "file").write_bytes(b"abc")
    (there / "folder" / "file").chmod(0o640)
    os.utime(there / "folder" / "file", (1_700_000_000, 1_700_000_000))
    found = entries(connections, place)
    assert set(found) == {f"{place.path}/folder{rest}" for rest in ("", "/in it", "/file")}
    file = found[f"{place.path}/folder/file"]
    assert (file.mode, file.size, file.mtime) == (0o100640, 3, 1_700_000_000)
    assert found[f"{place.path}/folder"].is_folder
    assert set(entries(connections, beside(place, "folder/file"))) == {f"{place.path}/folder/file"}


def test_a_folder_whose_names_the_tool_can_not_list_is_named_apart(place, there, connections):
    for folder, name in (("one", b"new\nline"), ("other", b"latin-1-\xe9")):
        (there / folder).mkdir()
        (there / folder / os.fsdecode(name)).write_bytes(b"abc")
    pages = list(list_tree(connections, place, Watch()))
    assert [page.directory for page in pages if page.unlistable] == [f"{place.path}/one", f"{place.path}/other"]
    assert [list(page.listing()) for page in pages] == [[place.path], [], []]


def test_removing_renaming_and_making_folders_can_be_done_again(place, there, connections):
    for _ in range(2):
        mkdir(connections, beside(place, "a/b c/d"))
    (there / "a" / "b c" / "file").write_bytes(b"abc")
    with pytest.raises(TransferError, match="not empty"):
        remove(connections, beside(place, "a/b c"))
    assert rename(connections, beside(place, "a/b c/file"), f"{place.path}/a/new")
    assert not rename(connections, beside(place, "a/b c/file"), f"{place.path}/a/new", repeated=True)
    for path in ("a/new", "a/b c/d", "a/b c", "a"):
        assert remove(connections, beside(place, path))
        assert not remove(connections, beside(place, path))
    assert names(there) == []


def test_no_path_leaves_the_root(place, there, roots, connections):
    (there / "out").symlink_to(roots / "outside")
    roots.chmod(0o755)
    for path in ("..", "/..", f"{place.path}/../.."):
        with pytest.raises(PathOutsideSite):
            list(list_tree(connections, Place(place.site, path), Watch()))
    with pytest.raises(TransferError, match="site 30"):
        copy(connections, beside(place, "out/victim"), beside(place, "stolen"))
    with pytest.raises(TransferError, match="site 30"):
        remove(connections, beside(place, "out/victim"))
    assert (roots / "outside" / "victim").read_text() == "untouched"
    assert not (there / "stolen").exists()


def test_a_line_break_is_not_sent_to_the_server(place, connections):
    for path in ("a\r\nDELE b", "a\nb"):
        with pytest.raises(TransferError, match="line break"):
            mkdir(connections, beside(place, path))


def test_letters_that_are_not_ascii_are_refused_since_the_tools_would_leave_them_out(place, there, connections):
    (there / "a").write_bytes(b"neighbor")
    (there / "äa").write_bytes(b"abc")
    assert set(entries(connections, place)) == {f"{place.path}/a", f"{place.path}/äa"}
    with pytest.raises(TransferError, match="not ASCII"):
        remove(connections, beside(place, "äa"))
    with pytest.raises(TransferError, match="not ASCII"):
        copy(connections, beside(place, "a"), beside(place, "ü"))
    assert names(there) == ["a", "äa"]


def test_a_home_is_not_the_root(place, connections):
    with pytest.raises(PathOutsideSite):
        mkdir(connections, Place(replace(place.site, root="/"), "./~nobody"))


def test_nothing_there_is_an_error_that_names_the_site(place, roots, site_at, connections):
    here = site_at("FILE", 1, roots / "one")
    with pytest.raises(TransferError, match="at site 30: nothing is there"):
        copy(connections, beside(place, "nothing"), Place(here, "copy"))


def test_a_server_that_wants_a_certificate_says_so(place, connections):
    with pytest.raises(TransferError, match="at site 30"):
        mkdir(connections, Place(replace(place.site, anonymous=False), f"{place.path}/a"))


def test_a_tool_that_is_not_installed_is_named(place, connections, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="gfal-mkdir is not installed"):
        mkdir(connections, beside(place, "a"))


def test_a_file_that_stops_coming_is_no_copy(place, there, roots, site_at, connections):
    (there / "large").write_bytes(os.urandom(LARGE))

    def shorten(_):
        os.truncate(there / "large", LARGE // 2)

    here = site_at("FILE", 1, roots / "one")
    with pytest.raises(TransferError):
        copy(connections, beside(place, "large"), Place(here, "copy"), watch=Watch(shorten, interval=0))
    assert names(roots / "one") == leftovers(there) == []
