"""Imports: what they check, what they say, what they leave behind."""

import errno
import hashlib
import io
import json
import os
import tarfile
import time

import pytest

from job_service.tars import members
from job_service.worker import GiveUp, JobCancelled, TryAgain
from job_service.worker.datasets import make_samples, tar_file
from job_service.worker.datasets.input_folder import InputFolder
from job_service.worker.datasets.samples import GOOD, good_members, write_tar

STEPS = [
    "validating",
    "decrypting",
    "transforming",
    "pseudonymizing",
    "enriching",
    "converting",
    "partitioning",
    "built",
    "importing",
]


def put(folder, members, name="INCOME"):
    write_tar(folder / f"{name}.tar", members)


def put_special(folder, **fields):
    info = tarfile.TarInfo("chunks/x")
    for name, value in fields.items():
        setattr(info, name, value)
    with tarfile.open(folder / "INCOME.tar", "w:") as tar:
        metadata = good_members("INCOME", 0)["INCOME.json"]
        head = tarfile.TarInfo("INCOME.json")
        head.size = len(metadata)
        tar.addfile(head, io.BytesIO(metadata))
        tar.addfile(info)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("operation", ["ADD", "CHANGE", "PATCH_METADATA"])
def test_a_good_tar_is_checked_and_archived(samples, run, told, operation, name):
    waiting = (samples / f"{name}.tar").read_bytes()
    job = told(operation, name)
    chunks = [content for member, content in good_members(name, GOOD[name]).items() if member.startswith("chunks/")]
    assert run(job) == {
        "files": len(chunks),
        "bytes": sum(map(len, chunks)),
        "sha256": hashlib.sha256(waiting).hexdigest(),
    }
    assert job.statuses == STEPS
    assert job.percents == sorted(job.percents)
    assert job.percents[-1] == 100
    assert not (samples / f"{name}.tar").exists()
    assert (samples / "archive" / f"{name}.tar").read_bytes() == waiting


def test_nothing_is_ever_extracted(samples, run):
    run(target="INCOME")
    files = {path.name for path in samples.rglob("*") if path.is_file()}
    assert files == {
        "INCOME.tar",
        "INCOME.imported.json",
        "ADDRESS.tar",
        "EDUCATION.tar",
        "BROKEN_TAR.tar",
        "NO_METADATA.tar",
    }


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("BROKEN_TAR", "a header is damaged"),
        ("NO_METADATA", "no metadata"),
        ("NOT_THERE", "not in the input folder"),
        ("../INCOME", "not the name"),
        ("income", "not the name"),
        ("INCOME\n", "not the name"),
        ("A" * 200, "not the name"),
        (None, "not the name"),
    ],
)
def test_what_cannot_be_imported_fails_for_good_and_stays_where_it_is(samples, run, target, reason):
    before = sorted(samples.iterdir())
    with pytest.raises(GiveUp, match=reason):
        run(target=target)
    assert [path for path in sorted(samples.iterdir()) if path.name != "archive"] == before


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b'{"shortName": NaN}', "NaN is not a number"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "shortName is missing"),
        (b'{"shortName": "OTHER"}', "of 'OTHER', not of INCOME"),
        (b'{"shortName": "INCOME", "dataRevision": 3}', "dataRevision"),
        (b'{"shortName": "INCOME", "measureVariables": [1]}', "measureVariables"),
        (b'{"name": "INCOME", "identifierVariables": {}}', "identifierVariables"),
    ],
)
def test_metadata_that_is_wrong_says_what_is(samples, run, metadata, reason):
    put(samples, {"INCOME.json": metadata, "chunks/1": b"x"})
    with pytest.raises(GiveUp, match=reason):
        run()


def test_metadata_may_have_a_plain_name_and_members_a_dot(samples, run):
    put(samples, {"./INCOME.json": json.dumps({"name": "INCOME"}).encode(), "./chunks/1": b"xyz"})
    result = run()
    assert (result["files"], result["bytes"]) == (1, 3)


def test_data_is_needed_unless_only_the_metadata_is_new(samples, run):
    put(samples, good_members("INCOME", 0))
    with pytest.raises(GiveUp, match="no data"):
        run(operation="ADD")
    assert run(operation="PATCH_METADATA")["files"] == 0


def test_encrypted_data_is_refused(samples, run):
    put(samples, {**good_members("INCOME", 0), "chunks/1.md.encr": b"x"})
    with pytest.raises(GiveUp, match="encrypted"):
        run()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "leads out"),
        ({"type": tarfile.SYMTYPE, "linkname": "../../INCOME.json"}, "leads out"),
        ({"type": tarfile.SYMTYPE, "linkname": "y"}, "a link to nothing"),
        ({"type": tarfile.SYMTYPE, "linkname": ".."}, "a link to a folder"),
        ({"type": tarfile.SYMTYPE, "linkname": "x"}, "from link to link"),
        ({"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}, "leads out"),
        ({"type": tarfile.LNKTYPE, "linkname": "chunks"}, "no file before it"),
        ({"type": tarfile.LNKTYPE, "linkname": "chunks/\udcff"}, r"'chunks/\\udcff', which is no file before it"),
        ({"type": tarfile.CHRTYPE}, "neither a file, nor a folder, nor a link"),
        ({"type": tarfile.FIFOTYPE}, "neither a file, nor a folder, nor a link"),
        ({"name": "INCOME.json/x"}, "is in 'INCOME.json', which is no folder"),
        ({"name": "/".join("x" * 40)}, "more than 32 folders deep"),
        ({"name": "../x"}, "leads out"),
        ({"name": "/etc/x"}, "leads out"),
        ({"name": "chunks/../../x"}, "leads out"),
    ],
)
def test_a_tar_whose_members_lead_out_or_to_nothing_is_refused(samples, run, fields, reason):
    put_special(samples, **fields)
    with pytest.raises(GiveUp, match=reason):
        run()


@pytest.mark.parametrize("link", [tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_a_link_to_another_member_is_read_as_the_file_it_is(samples, run, link):
    put_special(samples, type=link, linkname="INCOME.json" if link == tarfile.LNKTYPE else "../INCOME.json")
    metadata = good_members("INCOME", 0)["INCOME.json"]
    result = run()
    assert (result["files"], result["bytes"]) == (1, len(metadata))


def test_of_two_members_of_one_name_the_last_one_counts(samples, run):
    put(samples, {"INCOME.json": b"old", "chunks/1": b"old", **good_members("INCOME", 1)})
    with tarfile.open(samples / "INCOME.tar", "a:") as tar:
        edited = tarfile.TarInfo("./chunks/1.csv")
        edited.size = 3
        tar.addfile(edited, io.BytesIO(b"new"))
    result = run()
    assert (result["files"], result["bytes"]) == (2, 6)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 700, 1024, 1500, 8 * 1024, 40_960])
def test_a_tar_whose_end_is_missing_is_tried_again_and_stays_where_it_is(samples, run, size):
    path = samples / "INCOME.tar"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(TryAgain, match="Not a whole tar: its end is missing"):
        run()
    assert path.stat().st_size == size


@pytest.mark.parametrize(("age", "delay"), [(0, 30), (500, 30), (601, None), (-900, None)])
def test_an_upload_under_way_costs_no_try_until_nothing_has_come_for_a_while(samples, run, age, delay):
    path = samples / "INCOME.tar"
    path.write_bytes(path.read_bytes()[:1024])
    written = time.time() - age
    os.utime(path, (written, written))
    with pytest.raises(TryAgain) as refused:
        run()
    assert refused.value.delay == delay


def test_an_upload_that_has_come_to_a_border_between_members_is_not_whole(samples, run):
    put(samples, good_members("INCOME", 0) | {f"chunks/{n}": b"x" * 100 for n in range(100)})
    path = samples / "INCOME.tar"
    whole = path.read_bytes()
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    for size in (40_960, end, end + 512, end + 1023):
        path.write_bytes(whole[:size])
        with pytest.raises(TryAgain, match="its end is missing"):
            run()
    path.write_bytes(whole[: end + 1024])
    assert run()["files"] == 100


def test_a_disk_that_fails_for_a_moment_says_nothing_about_the_tar(samples, run, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(tarfile.TarInfo, "frombuf", fail)
        with pytest.raises(TryAgain, match="cannot be read: Input/output error"):
            run()
    assert run()["files"] == 3


def test_what_follows_the_end_of_a_tar_is_no_part_of_it(samples, run):
    path = samples / "INCOME.tar"
    other = samples / "ADDRESS.tar"
    path.write_bytes(path.read_bytes() + other.read_bytes() + b"rest")
    assert run()["files"] == 3


def test_a_damaged_header_is_not_taken_for_the_end(samples, run):
    path = samples / "INCOME.tar"
    content = bytearray(path.read_bytes())
    second = content.index(b"chunks/1.csv")
    content[second] = ord("X")
    path.write_bytes(content)
    with pytest.raises(GiveUp, match=r"damaged|Not a readable"):
        run()


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_compressed_tar_is_refused(samples, run, mode):
    with tarfile.open(samples / "INCOME.tar", mode) as tar:
        tar.addfile(tarfile.TarInfo("INCOME.json"))
    with pytest.raises(GiveUp, match="is compressed"):
        run()


def test_a_tar_of_too_many_members_is_refused(samples, run, monkeypatch):
    monkeypatch.setattr(members, "MAX_MEMBERS", 3)
    with pytest.raises(GiveUp, match="more than 3"):
        run()


def test_metadata_that_is_too_large_is_refused(samples, run, monkeypatch):
    monkeypatch.setattr(tar_file, "MAX_METADATA_BYTES", 10)
    with pytest.raises(GiveUp, match="larger than 10"):
        run()


@pytest.mark.parametrize("make", ["symlink", "fifo", "folder"])
def test_what_is_no_regular_file_is_not_opened(samples, run, make):
    path = samples / "OTHER.tar"
    if make == "symlink":
        path.symlink_to(samples / "INCOME.tar")
    elif make == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(GiveUp, match="not a regular file"):
        run(target="OTHER")


def test_an_archive_that_is_a_link_is_not_followed(samples, run, tmp_path):
    (samples / "archive").symlink_to(tmp_path)
    with pytest.raises(TryAgain, match="archive cannot be opened"):
        run()


def test_a_folder_that_is_away_is_tried_again(run, samples):
    samples.rename(samples.with_name("elsewhere"))
    with pytest.raises(TryAgain, match="input folder cannot be opened"):
        run()


@pytest.mark.parametrize("step", STEPS)
def test_a_cancelled_import_stops_at_its_next_step_and_archives_nothing(samples, run, told, step):
    job = told()
    job.stop_at = step
    with pytest.raises(JobCancelled):
        run(job)
    assert job.statuses[-1] == step
    assert (samples / "INCOME.tar").exists()


def test_a_tar_that_is_replaced_while_it_is_read_is_tried_again_and_not_archived_unread(samples, run, told):
    job = told()
    job.log = lambda line: line.startswith("Digesting") and (samples / "ADDRESS.tar").rename(samples / "INCOME.tar")
    other = (samples / "ADDRESS.tar").read_bytes()
    with pytest.raises(TryAgain, match=r"INCOME.tar was replaced|changed"):
        run(job)
    assert (samples / "INCOME.tar").read_bytes() == other


def test_a_tar_that_changes_while_it_is_read_is_tried_again(samples, run, told):
    job = told()
    job.log = lambda line: (samples / "INCOME.tar").touch()
    with pytest.raises(TryAgain, match="changed"):
        run(job)


def test_the_same_job_done_again_after_a_crash_gives_the_same_result(samples, run, told):
    first = run(told())
    again = told()
    assert run(again) == first
    assert again.lines == ["An earlier attempt has archived the tar already"]


def test_another_job_does_not_take_what_an_earlier_one_archived(samples, run, told):
    run(told(job_id="job-1"))
    with pytest.raises(GiveUp, match="not in the input folder"):
        run(told(job_id="job-2"))


def test_a_crash_before_the_move_is_made_good_by_the_repeat(samples, run, told, monkeypatch):
    def crash(*args, **kwargs):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", crash)
        with pytest.raises(MemoryError):
            run(told())
    assert run(told())["files"] == 3
    assert (samples / "archive" / "INCOME.tar").exists()


def test_a_record_of_a_move_that_never_happened_is_not_believed(samples, run, told):
    result = run(told())
    (samples / "archive" / "INCOME.tar").rename(samples / "INCOME.tar")
    assert run(told()) == result
    assert not (samples / "INCOME.tar").exists()


@pytest.mark.parametrize("record", ["", "{", "[]", '{"job_id": "job-1", "imported": {"files": 1}}'])
def test_a_record_that_says_nothing_is_no_record(samples, record):
    (samples / "archive").mkdir()
    (samples / "archive" / "INCOME.imported.json").write_text(record)
    assert InputFolder(samples).record("INCOME") is None


def test_samples_come_out_the_same_each_time(tmp_path):
    first = [path.read_bytes() for path in make_samples(tmp_path / "a")]
    assert [path.read_bytes() for path in make_samples(tmp_path / "b")] == first
    assert len(first) == 5
