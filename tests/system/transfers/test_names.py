"""Trees of whatever a file system holds: a copy has all of it, byte for byte, or names what it has not.

`FILE_NAMES=2000` (`make file-names`) tries that many names.
"""

import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from job_service.worker.names import bytes_of, text_of
from tests.system.transfers.whole_jobs import followed, job

NAMES = int(os.environ.get("FILE_NAMES", "60"))
A_TREE = 6
LONGEST = 255

SCRIPTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=85)
FORMS = st.sampled_from(
    ["é", "e\u0301", "Å", "\u212b", "\ufb01", "\u017f", "한", "\u1112\u1161\u11ab", "\u200f\u202e", "\ufeff", "🏴‍☠️"]
)
ODD = st.text(alphabet="\n\t\r\\$.#?%&;~*' \"-\x01\x7f\uefe9\uee80\ueff0", min_size=1, max_size=9)
SOME = st.one_of(SCRIPTS, FORMS, ODD).map(str.encode) | st.binary(min_size=1, max_size=30)
FULL = st.one_of(SOME, SOME.map(lambda name: (name * LONGEST)[:LONGEST]))
NAME = FULL.map(lambda name: name.replace(b"/", b"_").replace(b"\0", b"_")[:LONGEST]).filter(
    lambda name: name not in {b".", b".."}
)
TARGET = st.lists(NAME | st.sampled_from([b"..", b"."]), min_size=1, max_size=4).map(b"/".join)
LEAF = st.one_of(
    st.binary(max_size=40).map(lambda data: ("file", data)),
    TARGET.map(lambda target: ("link", target)),
    st.integers(0, 7).map(lambda place: ("link to", place)),
    st.just(("pipe", b"")),
    st.just(("socket", b"")),
)
TREE = st.recursive(LEAF, lambda below: st.dictionaries(NAME, below, max_size=4), max_leaves=A_TREE)
ROOT = st.dictionaries(NAME, TREE, min_size=2, max_size=A_TREE)


def plant(folder, tree, links):
    for name, content in tree.items():
        place = os.path.join(folder, name)
        if isinstance(content, dict):
            os.mkdir(place)
            plant(place, content, links)
        elif content[0] == "file":
            Path(os.fsdecode(place)).write_bytes(content[1])
        elif content[0] == "pipe":
            os.mkfifo(place)
        elif content[0] == "socket":
            os.mknod(place, stat.S_IFSOCK | 0o600)
        else:
            links.append((place, content))


def tie(root, links):
    """Make the links: to a path that may be anything, or to one of the folders and files that are there."""
    there = sorted(
        os.path.join(folder, name) for folder, folders, files in os.walk(root) for name in (*folders, *files)
    ) or [root]
    for place, (kind, target) in links:
        os.symlink(there[target % len(there)] if kind == "link to" else target, place)


def check(connections, sites, root, other, tree):
    links: list[tuple[bytes, tuple[str, Any]]] = []
    plant(root, tree, links)
    tie(root, links)
    there, missing = followed(root)
    outcome = job(connections, sites, "COPY", (1, "~"), (2, "~/copy"))
    assert {bytes_of(path.removeprefix("~/")) for path in outcome.failed} == missing
    assert all(path == text_of(bytes_of(path)) for path in outcome.failed)
    arrived, wrong = followed(os.path.join(other, b"copy")) if there else ({}, set())
    assert (arrived, wrong) == (there, set())
    gone = job(connections, sites, "REMOVE", (2, "~/copy"))
    assert not os.path.lexists(os.path.join(other, b"copy")) or not there, gone.failed


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(("protocol", "share"), [("FILE", 1), ("SSH", 4)])
def test_a_copy_has_all_of_a_tree_or_names_what_it_has_not(protocol, share, roots, site_at, connections):
    one, other = (os.fsencode(roots / name) for name in ("one", "other"))
    sites = [site_at(protocol, 1, roots / "one"), site_at("FILE", 2, roots / "other")]

    @settings(
        max_examples=max(NAMES // A_TREE // share, 3),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(ROOT)
    def copied(tree):
        for folder in (one, other):
            shutil.rmtree(folder)
            os.mkdir(folder)
        check(connections, sites, one, other, tree)

    copied()
