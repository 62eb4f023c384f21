import os
import stat

import pytest

from job_service.worker.transfers import Place, TransferError, Watch
from tests.system.transfers.trees import LARGE, contents, copy, copy_tree, fill, leftovers, names

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
@pytest.mark.parametrize("name", ["folder", "link", "pipe", "nothing"])
def test_only_regular_files_are_copied(protocol, name, roots, site_at, connections):
    (roots / "one" / "folder").mkdir()
    (roots / "one" / "file").write_bytes(b"abc")
    (roots / "one" / "link").symlink_to("file")
    os.mkfifo(roots / "one" / "pipe")
    one, other = site_at(protocol, 1, roots / "one"), site_at(protocol, 2, roots / "other")
    with pytest.raises(TransferError, match=r"site 1: (this is|nothing is there)"):
        copy(connections, Place(one, name), Place(other, "copy"))
    assert names(roots / "other") == []


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
