import os
import stat

import pytest

from job_service.worker.transfers import Place, TransferError, Watch, remove
from tests.system.transfers.trees import LARGE, contents, copy, copy_tree, entries, fill, leftovers, names

EVERY_WAY = pytest.mark.parametrize(
    ("source", "target"), [("FILE", "SSH"), ("SSH", "FILE"), ("SSH", "SSH"), ("FILE", "FILE")]
)
EACH = pytest.mark.parametrize("protocol", ["FILE", "SSH"])


@EVERY_WAY
def test_a_tree_arrives_byte_by_byte(source, target, roots, site_at, connections):
    tree = fill(roots / "one")
    one, other = site_at(source, 1, roots / "one"), site_at(target, 2, roots / "other")
    moved = copy_tree(connections, Place(one, "~"), Place(other, "~/copies/first"))
    arrived = contents(roots / "other" / "copies" / "first")
    assert moved == len(arrived) > 60
    assert arrived == contents(tree)


@EVERY_WAY
def test_a_copy_says_what_it_came_to(source, target, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"abc")
    one = site_at(source, 1, roots / "one")
    other = site_at(target, 2, roots / "other", verify="checksum")
    copied = copy(connections, Place(one, "file"), Place(other, "file"))
    assert (copied.size, copied.verified) == (3, "checksum")
    assert copied.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@EACH
def test_a_copy_done_again_does_no_harm(protocol, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"abc")
    one, other = site_at(protocol, 1, roots / "one"), site_at(protocol, 2, roots / "other")
    for attempt in (1, 2, 2):
        copy(connections, Place(one, "file"), Place(other, "file"), attempt=attempt)
    assert contents(roots / "other") == {"file": b"abc"}


@EACH
def test_a_copy_replaces_what_has_its_name_and_not_what_a_link_leads_to(protocol, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"new")
    (roots / "other" / "pointed at").write_bytes(b"old")
    (roots / "other" / "link").symlink_to("pointed at")
    one, other = site_at(protocol, 1, roots / "one"), site_at(protocol, 2, roots / "other")
    copy(connections, Place(one, "file"), Place(other, "link"))
    assert contents(roots / "other") == {"pointed at": b"old", "link": b"new"}


@EACH
def test_a_copy_has_the_permissions_of_the_source_and_can_be_written_by_its_owner_alone(
    protocol, roots, site_at, connections
):
    one, other = site_at(protocol, 1, roots / "one"), site_at(protocol, 2, roots / "other")
    for mode, expected in ((0o600, 0o600), (0o4755, 0o755), (0o666, 0o644), (0o400, 0o600)):
        (roots / "one" / "file").write_bytes(b"abc")
        (roots / "one" / "file").chmod(mode)
        copy(connections, Place(one, "file"), Place(other, "file"))
        assert stat.S_IMODE((roots / "other" / "file").stat().st_mode) == expected
        (roots / "one" / "file").unlink()


@EACH
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "this is a folder"),
        ("pipe", "this is a pipe"),
        ("socket", "this is a socket"),
        ("nothing", "nothing is there"),
        ("link to a folder", "it leads to '/folder' at site 1: this is a folder"),
        ("link to a pipe", "it leads to '/pipe' at site 1: this is a pipe"),
        ("dangling", "it leads to '/not there' at site 1: nothing is there"),
        ("circle", "more than 40 symbolic links"),
        ("out", "leads out of the root"),
    ],
)
def test_only_files_and_links_to_them_are_copied(protocol, name, reason, roots, site_at, connections):
    root = roots / "one"
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    os.mknod(root / "socket", stat.S_IFSOCK | 0o600)
    targets = {"link to a folder": "folder", "link to a pipe": "pipe", "dangling": "not there", "circle": "circle"}
    for link, target in {**targets, "out": "../outside/victim"}.items():
        (root / link).symlink_to(target)
    one, other = site_at(protocol, 1, root), site_at(protocol, 2, roots / "other")
    with pytest.raises(TransferError, match=reason):
        copy(connections, Place(one, name), Place(other, "copy"))
    assert names(roots / "other") == []


@EVERY_WAY
def test_a_link_is_copied_as_the_file_it_leads_to(source, target, roots, site_at, connections):
    (roots / "one" / "folder").mkdir()
    (roots / "one" / "folder" / "file").write_bytes(b"abc")
    (roots / "one" / "link").symlink_to("folder/again")
    (roots / "one" / "folder" / "again").symlink_to(roots / "one" / "folder" / "file")
    one, other = site_at(source, 1, roots / "one"), site_at(target, 2, roots / "other")
    assert copy(connections, Place(one, "link"), Place(other, "copy")).size == 3
    assert contents(roots / "other") == {"copy": b"abc"}


@EACH
def test_dots_lead_to_the_folder_above_the_one_behind_a_link(protocol, roots, site_at, connections):
    (roots / "one" / "deep" / "folder").mkdir(parents=True)
    (roots / "one" / "deep" / "file").write_bytes(b"meant")
    (roots / "one" / "file").write_bytes(b"not meant")
    (roots / "one" / "link").symlink_to("deep/folder")
    one, other = site_at(protocol, 1, roots / "one"), site_at(protocol, 2, roots / "other")
    copy(connections, Place(one, "link/../file"), Place(other, "copy"))
    assert contents(roots / "other") == {"copy": b"meant"}
    assert set(entries(connections, Place(one, "link/.."))) == {"~/link/../file", "~/link/../folder"}
    for path in ("link/..", "deep/.."):
        with pytest.raises(TransferError, match="neither removed nor renamed"):
            remove(connections, Place(one, path))


@EACH
def test_a_folder_is_not_replaced_by_a_file(protocol, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"abc")
    (roots / "other" / "folder").mkdir()
    one, other = site_at(protocol, 1, roots / "one"), site_at(protocol, 2, roots / "other")
    for path in ("folder", "~", "/"):
        with pytest.raises(TransferError, match="at site 2"):
            copy(connections, Place(one, "file"), Place(other, path))
    assert leftovers(roots / "other") == []


@EVERY_WAY
def test_what_is_damaged_on_its_way_never_gets_the_final_name(source, target, roots, site_at, connections):
    (roots / "one" / "large").write_bytes(os.urandom(LARGE))
    one = site_at(source, 1, roots / "one")
    other = site_at(target, 2, roots / "other", verify="checksum")

    def damage(_):
        for name in leftovers(roots / "other"):
            with (roots / "other" / name).open("r+b") as file:
                file.write(b"damaged")

    with pytest.raises(TransferError, match="another checksum"):
        copy(connections, Place(one, "large"), Place(other, "large"), watch=Watch(damage, interval=0))
    assert names(roots / "other") == []


@EVERY_WAY
def test_a_file_that_changes_meanwhile_is_not_copied(source, target, roots, site_at, connections):
    (roots / "one" / "large").write_bytes(bytes(LARGE))
    one, other = site_at(source, 1, roots / "one"), site_at(target, 2, roots / "other")

    def append(_):
        with (roots / "one" / "large").open("ab") as file:
            file.write(b"more")

    with pytest.raises(TransferError, match=r"changed while it was copied|bytes arrived"):
        copy(connections, Place(one, "large"), Place(other, "large"), watch=Watch(append, interval=0))
    assert names(roots / "other") == []
