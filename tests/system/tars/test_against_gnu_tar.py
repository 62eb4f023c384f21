"""What the list and the importer read of a tar is what `tar x` writes, whatever wrote the tar and whatever befell it.

A tar of each program in every form it knows is tried three times; `TARS=500` tries 500 altogether, Go's among them.
"""

import io
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from job_service.datasets.importable import list_importable
from job_service.worker.datasets.tar_file import DatasetTar, open_tar
from job_service.worker.errors import GiveUp, TryAgain
from tests.system.tars.writers import APPENDERS, READABLE_NAMES, SHORT_NAMES, WITHOUT_LINKS, WRITERS, built_go, go

MANY = int(os.environ.get("TARS", "0"))
NAMES = [*WRITERS, *(["go"] if MANY else [])]
EACH = max(3, -(-MANY // len(NAMES)))
MINUTE_LATER = 2_000_000_060

readable = st.sampled_from(
    ["1.csv", "año", "映像\u3000第1話", "a b", "-rf", "e\u0301", "new\nline", "\\", "*", "ok/deep/1"]
)
raw = st.sampled_from([b"\xff", b"caf\xe9", b"\xed\xa0\x80", b"\x01"])
long = st.sampled_from([b"x" * 101, "é".encode() * 100, b"y" * 250, b"/".join([b"z" * 200] * 3), b"w" * 99, b"w" * 100])
content = st.one_of(st.binary(max_size=40), st.sampled_from([b"x" * 512, b"y" * 513, b"\0" * 1024, b"", b"z" * 20_000]))


@dataclass(frozen=True)
class Fate:
    """What befalls a tar after it was written: `how`, and at which of its bytes, as a part of all of them."""

    how: str
    where: float


REFUSED_OR_NOT = Fate("any", 0)


def trees(writer):
    """Give strategies for `{name: content}` of files in chunks, fit for a writer."""
    names = readable.map(os.fsencode)
    if writer not in READABLE_NAMES:
        names |= raw
    if writer not in SHORT_NAMES:
        names |= long
    return st.dictionaries(names, content, max_size=4)


fates = st.one_of(
    st.just(Fate("nothing", 0)),
    st.builds(Fate, st.sampled_from(["cut", "flip", "junk", "another", "end cut"]), st.floats(0, 1, exclude_max=True)),
)


@pytest.fixture(scope="session")
def writers(tmp_path_factory):
    return WRITERS | ({"go": (go, built_go(tmp_path_factory.mktemp("go")))} if MANY else {})


@pytest.mark.parametrize("writer", NAMES)
def test_what_is_read_is_what_tar_would_write(writers, writer):
    @settings(
        max_examples=EACH, deadline=None, derandomize=not MANY, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def holds(data):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            at = root / "in" / "D.tar"
            at.parent.mkdir()
            write(root / "tree", data.draw(trees(writer)), data.draw(content), links=writer not in WITHOUT_LINKS)
            make, *how = writers[writer]
            make(root / "tree", at, *how)
            if data.draw(st.booleans(), "edited"):
                edit(root / "edited", at, data)
            fate = data.draw(fates)
            end = end_of(at)
            suffer(at, fate, end)
            compare(at, root / "out", fate, end)

    holds()


SPARSE = {
    "nothing": (),
    "one part": (0,),
    "one part behind a hole": (1,),
    "two parts": (0, 1),
    "three parts": (0, 1, 2),
    "four parts": (0, 1, 2, 3),
    "four parts behind a hole": (1, 2, 3, 4),
    "five parts": (0, 1, 2, 3, 4),
    "thirty parts": tuple(range(30)),
}


@pytest.mark.parametrize("ends", ["in a hole", "with a part"])
@pytest.mark.parametrize("parts", SPARSE.values(), ids=SPARSE)
@pytest.mark.parametrize("form", [(), ("--format=posix",), ("--format=posix", "--sparse-version=0.0")], ids=str)
def test_a_file_full_of_holes_is_read_however_many_parts_it_has(tmp_path, form, parts, ends):
    (tmp_path / "tree" / "chunks").mkdir(parents=True)
    (tmp_path / "tree" / "D.json").write_bytes(b"{}")
    with (tmp_path / "tree" / "chunks" / "1.raw").open("wb") as file:
        os.truncate(file.fileno(), 1_000_000)
        for part in parts:
            os.pwrite(file.fileno(), b"a part", part * 32_768)
        if ends == "with a part":
            os.pwrite(file.fileno(), b"the end", 1_000_000)
    at = tmp_path / "in" / "D.tar"
    at.parent.mkdir()
    subprocess.run(["tar", "-cSf", at, *form, "D.json", "chunks"], cwd=tmp_path / "tree", check=True, timeout=60)
    outcome, read = read_of(at)
    assert outcome == "read"
    assert told_by(read) == written_by_tar(at, tmp_path / "out")
    assert [each.has_data for each in list_importable(at.parent)] == [True]


names = st.sampled_from(["D.json", "chunks", "chunks/a", "chunks/b", "./chunks/b", "chunks/a/c", "d", "d/a", "d/b"])
targets = names | st.sampled_from(["a", "b", "../d", "../d/a", "../D.json", ".", "../..", "/d", ""])
members = st.tuples(names, st.sampled_from([tarfile.REGTYPE] * 3 + [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE], ids=["of a member", "of all"])
def test_a_damaged_extended_header_is_refused_where_tar_refuses_it(tmp_path, kind):
    record, folder = b"22 comment=some words\n", tmp_path / "in"
    extended = tarfile.TarInfo("extended")
    extended.type, extended.size = kind, len(record)
    metadata = tarfile.TarInfo("D.json")
    metadata.size = 2
    folder.mkdir()
    refused = 0
    for place in range(len(record)):
        damaged = record[:place] + bytes([record[place] ^ 0x21]) + record[place + 1 :]
        parts = extended.tobuf(), damaged.ljust(512, b"\0"), metadata.tobuf(), b"{}".ljust(512 * 3, b"\0")
        (folder / "D.tar").write_bytes(b"".join(parts))
        done = subprocess.run(["tar", "-tf", folder / "D.tar"], capture_output=True, check=False, timeout=60)
        outcome, read = read_of(folder / "D.tar")
        if read is not None:
            os.close(read.descriptor)
        assert (outcome == "read") == (done.returncode == 0), (damaged, done.stderr)
        refused += outcome == "refused"
    assert 0 < refused < len(record)


@settings(max_examples=MANY or 40, derandomize=not MANY, deadline=None, database=None)
@given(st.lists(st.tuples(members, targets), max_size=5).filter(lambda sequence: not unsure_of_links(sequence)))
def test_members_that_replace_and_name_each_other_are_read_as_tar_would_write_them_or_refused(sequence):
    with tempfile.TemporaryDirectory() as name:
        at = Path(name) / "in" / "D.tar"
        at.parent.mkdir()
        with tarfile.open(at, "w:") as tar:
            for number, ((path, kind), target) in enumerate(sequence):
                info = tarfile.TarInfo(path)
                info.type, info.linkname = kind, target if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
                info.mode, info.size = 0o700, number if kind == tarfile.REGTYPE else 0
                tar.addfile(info, io.BytesIO(b"x" * number))
        compare(at, Path(name) / "out", REFUSED_OR_NOT, end_of(at))


def unsure_of_links(sequence):
    """Say whether a link with `..` is replaced: GNU tar makes those last, and sometimes over what has replaced them."""
    links = {path.removeprefix("./") for (path, kind), target in sequence if kind == tarfile.SYMTYPE and ".." in target}
    places = [path.removeprefix("./") for (path, _), _ in sequence]
    return any(places.count(link) > 1 for link in links)


def write(tree, chunks, metadata, *, links):
    """Make the folder of a dataset, with a file full of holes and links of every kind that stays inside."""
    (tree / "chunks").mkdir(parents=True)
    (tree / "D.json").write_bytes(metadata)
    for name, bytes_of in chunks.items():
        path = tree / "chunks" / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes_of)
    with (tree / "chunks" / "holes").open("wb") as file:
        for position in (0, 40_000, 90_000):
            file.seek(position)
            file.write(b"no hole")
        file.truncate(120_000)
    if links:
        (tree / "chunks" / "hard").hardlink_to(tree / "D.json")
        (tree / "chunks" / "soft").symlink_to("../D.json")
        (tree / "other").mkdir()
        (tree / "other" / "nowhere").symlink_to("gone")
        (tree / "other" / "way").symlink_to("../chunks")


def edit(tree, tar, data):
    """Append newer versions of the metadata and a chunk."""
    (tree / "chunks").mkdir(parents=True)
    for name in ("D.json", "chunks/1.csv", "chunks/holes"):
        (tree / name).write_bytes(data.draw(content))
        os.utime(tree / name, (MINUTE_LATER, MINUTE_LATER))
    append, *how = data.draw(st.sampled_from(APPENDERS))
    append(tree, tar, *how)


def end_of(tar):
    """Ask GNU tar where the two blocks of zeros begin."""
    said = subprocess.run(["tar", "-tRf", tar], capture_output=True, check=True, timeout=60).stdout
    last = said.splitlines()[-1]
    assert b"** Block of NULs **" in last
    return int(last.split(b":")[0].removeprefix(b"block ")) * 512


def suffer(tar, fate, end):
    whole = tar.read_bytes()
    at = int(fate.where * len(whole))
    other = whole[:end]
    tar.write_bytes(
        {
            "nothing": whole,
            "cut": whole[: int(fate.where * (end + 1024))],
            "end cut": whole[: end + int(fate.where * (len(whole) - end))],
            "flip": whole[:at] + bytes([whole[at] ^ 0x21]) + whole[at + 1 :],
            "junk": whole + b"junk" * int(fate.where * 1000),
            "another": whole + other.replace(b"x", b"X") + bytes(1024),
        }[fate.how]
    )


def compare(tar, out, fate, end):
    outcome, read = read_of(tar)
    event(f"{fate.how}: {outcome}")
    listed = list_importable(tar.parent)
    assert [each.has_metadata for each in listed] == ([True] if read and read.files.metadata else [])
    size = tar.stat().st_size
    if fate.how in {"cut", "end cut"} and size < end + 1024:
        assert outcome == "tried again"
    elif fate.how not in {"flip", "any"}:
        assert outcome == "read"
    if read is not None:
        assert not listed or listed[0].has_data == bool(read.files.chunks)
        assert written_by_tar(tar, out) == told_by(read)


def read_of(tar):
    """Open a tar as an import does: how that went, and the tar, still open, where it went well."""
    descriptor = os.open(tar, os.O_RDONLY)
    try:
        return "read", open_tar(descriptor, "D")
    except TryAgain:
        outcome = "tried again"
    except GiveUp:
        outcome = "refused"
    os.close(descriptor)
    return outcome, None


def told_by(read: DatasetTar):
    """Give the metadata and each chunk as they are read, and close the tar."""
    chunks = {name: filled(read, contents) for name, contents in read.files.chunks}
    metadata = read.read_metadata() if read.files.metadata else None
    os.close(read.descriptor)
    return metadata, chunks


def filled(read, contents):
    made = bytearray(contents.size)
    stored, given_out = b"".join(read.pieces(contents)), 0
    for extent in contents.extents:
        made[extent.position : extent.position + extent.length] = stored[given_out : given_out + extent.length]
        given_out += extent.length
    return bytes(made)


def written_by_tar(tar, out):
    """Give the metadata and each chunk as `tar x` writes them."""
    out.mkdir()
    done = subprocess.run(["tar", "-xf", tar, "-C", out], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    metadata = out / "D.json"
    chunks = {
        str(Path(folder, name).relative_to(out)): Path(folder, name).read_bytes()
        for folder, _, names in os.walk(out / "chunks")
        for name in names
    }
    return (metadata.read_bytes() if metadata.is_file() else None), chunks
