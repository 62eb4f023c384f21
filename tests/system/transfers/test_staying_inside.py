import pytest

from job_service.worker.transfers import PathOutsideSite, Place, TransferError, Watch, list_tree, mkdir, remove, rename
from tests.system.transfers.trees import copy, entries, names

EACH = pytest.mark.parametrize("protocol", ["FILE", "SSH"])


@pytest.fixture
def site(protocol, roots, site_at):
    """A site with ways out: links that are relative, absolute, in steps, and to a folder whose name begins alike."""
    root = roots / "one"
    (root / "file").write_bytes(b"mine")
    (root / "up").symlink_to("..")
    (root / "absolute").symlink_to(roots / "outside")
    (root / "system").symlink_to("/")
    (root / "in").mkdir()
    (root / "in" / "steps").symlink_to("../up/outside")
    (roots / "one-alike").mkdir()
    (roots / "one-alike" / "victim").write_text("untouched")
    (root / "alike").symlink_to(roots / "one-alike")
    (root / "sly").symlink_to(f"{root}/../outside")
    return site_at(protocol, 1, root)


WAYS_OUT = pytest.mark.parametrize(
    "folder",
    ["..", "~/..", "/..", "in/../..", "/../one/..", "~/../one", "~root", "up/outside", "absolute", "system/etc",
     "in/steps", "alike", "sly", "in/../absolute"],
)  # fmt: skip


@EACH
@WAYS_OUT
def test_no_operation_leaves_the_root(protocol, folder, site, roots, connections):
    victim = f"{folder}/victim"
    with pytest.raises(PathOutsideSite):
        list(list_tree(connections, Place(site, victim), Watch()))
    with pytest.raises(PathOutsideSite):
        copy(connections, Place(site, victim), Place(site, "stolen"))
    with pytest.raises(PathOutsideSite):
        copy(connections, Place(site, "file"), Place(site, victim))
    with pytest.raises(PathOutsideSite):
        remove(connections, Place(site, victim))
    with pytest.raises(PathOutsideSite):
        rename(connections, Place(site, victim), "stolen")
    with pytest.raises(PathOutsideSite):
        rename(connections, Place(site, "file"), victim)
    with pytest.raises(PathOutsideSite):
        mkdir(connections, Place(site, victim))
    assert names(roots / "outside") == names(roots / "one-alike") == ["victim"]
    assert (roots / "outside" / "victim").read_text() == "untouched"
    assert (roots / "one" / "file").read_bytes() == b"mine"


@EACH
def test_a_link_out_is_listed_as_a_link_and_removed_as_a_link(protocol, site, roots, connections):
    found = entries(connections, Place(site, "~"))
    assert not [path for path in found if "victim" in path]
    assert [
        path for path in ("~/up", "~/absolute", "~/system", "~/in/steps") if found[path].kind != "a symbolic link"
    ] == []
    assert remove(connections, Place(site, "absolute"))
    assert not (roots / "one" / "absolute").is_symlink()
    assert (roots / "outside" / "victim").read_text() == "untouched"


@EACH
def test_links_that_stay_inside_are_followed_on_the_way(protocol, roots, site_at, connections):
    root = roots / "one"
    (root / "real" / "deep").mkdir(parents=True)
    (root / "real" / "deep" / "file").write_bytes(b"abc")
    (root / "relative").symlink_to("./real//deep/")
    (root / "absolute").symlink_to(root / "real")
    (root / "real" / "deep" / "back").symlink_to("../../absolute")
    site = site_at(protocol, 1, root)
    for folder in ("relative", "absolute/deep", "relative/back/deep", "real/deep/back/deep/back/deep"):
        copy(connections, Place(site, f"{folder}/file"), Place(site, f"{folder}/copy"))
        assert remove(connections, Place(site, "real/deep/copy"))


@EACH
def test_links_in_a_circle_come_to_an_end(protocol, roots, site_at, connections):
    (roots / "one" / "this").symlink_to("that")
    (roots / "one" / "that").symlink_to("this")
    site = site_at(protocol, 1, roots / "one")
    with pytest.raises(TransferError, match="symbolic links"):
        remove(connections, Place(site, "this/file"))
    assert set(entries(connections, Place(site, "/"))) == {"/this", "/that"}


@EACH
def test_a_root_that_is_itself_a_link_is_where_it_leads(protocol, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"abc")
    (roots / "alias").symlink_to("one")
    (roots / "one" / "link").symlink_to(roots / "one")
    site = site_at(protocol, 1, roots / "alias")
    assert copy(connections, Place(site, "link/file"), Place(site, "link/copy")).size == 3


def test_a_folder_that_becomes_a_link_after_the_look_is_not_gone_through(roots, site_at, connections, monkeypatch):
    site = site_at("FILE", 1, roots / "one")
    (roots / "one" / "sly").symlink_to("../outside")
    with connections.to(site) as folder:
        # As if the link had been put there between the look at the path and its use.
        monkeypatch.setattr(folder, "_link", lambda path: None)
        with pytest.raises(TransferError, match="Not a directory"):
            list(folder.entries(("sly",)))
        with pytest.raises(TransferError, match="Not a directory"):
            folder.make_folder(("sly", "made"))
        assert folder.look(("sly", "victim")) is None
    assert names(roots / "outside") == ["victim"]
