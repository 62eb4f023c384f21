"""The input folder is listed and cleaned without ever trusting what is in it."""

import gzip
import io
import itertools
import logging
import os
import socket
import tarfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from job_service.datasets import importable, tar_contents
from job_service.datasets.importable import (
    ImportableDataset,
    InputFolderUnavailable,
    delete_importable,
    list_importable,
    valid_dataset_name,
)
from job_service.datasets.tar_contents import ContentsCache, TarContents
from job_service.tars.members import MAX_MEMBERS

Member = str | tarfile.TarInfo


def folder_member(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    return member


def tar_bytes(*members: Member, size: int = 3) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = size
            tar.addfile(info, io.BytesIO(b"x" * size))
    return buffer.getvalue()


def put(folder: Path, name: str, *members: Member) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.tar"
    path.write_bytes(tar_bytes(*members))
    return path


def names(listed: Iterable[ImportableDataset]) -> list[str]:
    return [dataset.dataset_name for dataset in listed]


def assert_skipped(folder: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Only the sound neighbor is listed, and one line says what was skipped."""
    put(folder, "SOUND", "SOUND.json")
    assert names(list_importable(folder)) == ["SOUND"]
    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warned) == 1
    assert warned[0].startswith(f"Skipped {name}.tar: ")
    assert str(folder) not in warned[0]


class TestListing:
    def test_a_tar_with_its_metadata_is_a_dataset(self, tmp_path: Path) -> None:
        put(tmp_path, "MY_SET1", "MY_SET1.json")
        expected = ImportableDataset("MY_SET1", has_metadata=True, has_data=False, is_archived=False)
        assert list_importable(tmp_path) == [expected]

    @pytest.mark.parametrize("member", ["chunks/x", "chunks/a/b/x", "./chunks//x"])
    def test_a_file_in_the_folder_chunks_is_data(self, tmp_path: Path, member: Member) -> None:
        put(tmp_path, "A", "A.json", member)
        assert [dataset.has_data for dataset in list_importable(tmp_path)] == [True]

    @pytest.mark.parametrize(
        "member",
        ["chunks", "chunks.txt", "other/chunks/x", folder_member("chunks"), folder_member("chunks/x")],
    )
    def test_what_is_no_file_in_chunks_is_no_data(self, tmp_path: Path, member: Member) -> None:
        put(tmp_path, "A", "A.json", member)
        assert [dataset.has_data for dataset in list_importable(tmp_path)] == [False]

    def test_a_dot_slash_before_a_name_is_ignored(self, tmp_path: Path) -> None:
        put(tmp_path, "A", folder_member("."), "./A.json", "./chunks/1.parquet")
        (dataset,) = list_importable(tmp_path)
        assert dataset.has_metadata
        assert dataset.has_data

    @pytest.mark.parametrize("member", ["B.json", "a.json", "A.JSON", "sub/A.json", "A.json\n<script>"])
    def test_a_tar_without_exactly_its_metadata_is_skipped(self, tmp_path: Path, member: str) -> None:
        put(tmp_path, "A", member, "chunks/x")
        assert list_importable(tmp_path) == []

    def test_an_archived_dataset_is_listed_beside_one_of_the_same_name(self, tmp_path: Path) -> None:
        put(tmp_path, "B", "B.json")
        put(tmp_path / "archive", "A", "A.json")
        put(tmp_path / "archive", "B", "B.json", "chunks/x")
        found = [(dataset.dataset_name, dataset.is_archived) for dataset in list_importable(tmp_path)]
        assert found == [("B", False), ("A", True), ("B", True)]

    def test_anything_else_in_the_folder_is_skipped_in_silence(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for filename in ("a.tar", "_A.tar", "1A.tar", "A\n.tar", "Å.tar", ".tar"):
            (tmp_path / filename).write_bytes(b"junk")
        for filename in ("A.tar.gz", "A.json", "A", "A.TAR", "A B.tar"):
            (tmp_path / filename).write_bytes(b"junk")
        (tmp_path / "folder").mkdir()
        put(tmp_path / "folder", "A", "A.json")
        assert list_importable(tmp_path) == []
        assert caplog.records == []

    def test_a_missing_folder_is_an_error_without_its_path(self, tmp_path: Path) -> None:
        missing = tmp_path / "gone"
        with pytest.raises(InputFolderUnavailable) as caught:
            list_importable(missing)
        assert str(tmp_path) not in str(caught.value)

    def test_a_file_in_place_of_the_folder_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InputFolderUnavailable):
            list_importable(tmp_path / "file")

    def test_the_input_folder_itself_may_be_a_link(self, tmp_path: Path) -> None:
        put(tmp_path / "real", "A", "A.json")
        (tmp_path / "link").symlink_to("real")
        assert names(list_importable(tmp_path / "link")) == ["A"]
        assert delete_importable(tmp_path / "link", "A")


class TestNothingOutsideIsReached:
    def test_a_link_out_of_the_folder_is_skipped(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        inside = tmp_path / "in"
        inside.mkdir()
        outside = put(tmp_path / "out", "A", "A.json")
        (inside / "A.tar").symlink_to(outside)
        assert_skipped(inside, caplog, "A")
        assert not delete_importable(inside, "A")
        assert outside.exists()
        assert (inside / "A.tar").is_symlink()

    def test_a_link_in_place_of_the_archive_is_not_followed(self, tmp_path: Path) -> None:
        outside = put(tmp_path / "out", "A", "A.json")
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "archive").symlink_to(tmp_path / "out")
        assert list_importable(tmp_path / "in") == []
        assert not delete_importable(tmp_path / "in", "A")
        assert outside.exists()

    @pytest.mark.parametrize(
        "member",
        ["../../evil", "/etc/evil", folder_member("../up"), "chunks/../../evil"],
    )
    def test_a_tar_with_members_that_point_out_is_skipped(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, member: Member
    ) -> None:
        put(tmp_path / "in", "A", "A.json", member)
        assert_skipped(tmp_path / "in", caplog, "A")
        assert [path.name for path in tmp_path.iterdir()] == ["in"]

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
    def test_a_tar_with_devices_and_links_that_lead_out_is_skipped(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: bytes
    ) -> None:
        member = tarfile.TarInfo("odd")
        member.type, member.linkname = kind, "/etc/passwd"
        put(tmp_path, "A", member, "A.json")
        assert_skipped(tmp_path, caplog, "A")

    @pytest.mark.parametrize(
        "name",
        [
            "..",
            ".",
            "/",
            "",
            "../A",
            "/etc/passwd",
            "A/../A",
            "archive/A",
            "a",
            "A.tar",
            "A\n",
            "A\0",
            "_A",
            "1A",
            "Å",
            "\u0661A",
            "A\u0661",
            "A B",
            "A" * 200,
        ],
    )
    def test_an_invalid_name_is_refused_before_any_file_is_touched(self, tmp_path: Path, name: str) -> None:
        put(tmp_path, "A", "A.json")
        put(tmp_path / "archive", "A", "A.json")
        assert not valid_dataset_name(name)
        with pytest.raises(ValueError, match="Not a dataset name"):
            delete_importable(tmp_path, name)
        assert len(list_importable(tmp_path)) == 2

    @pytest.mark.parametrize("name", ["A", "A1", "A_", "A" * 128])
    def test_a_valid_name(self, name: str) -> None:
        assert valid_dataset_name(name)


class TestWhatIsNoFile:
    def test_a_pipe_is_skipped_without_waiting(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        os.mkfifo(tmp_path / "A.tar")
        assert_skipped(tmp_path, caplog, "A")
        assert not delete_importable(tmp_path, "A")
        assert (tmp_path / "A.tar").is_fifo()

    def test_a_folder_is_skipped(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        (tmp_path / "A.tar").mkdir()
        assert_skipped(tmp_path, caplog, "A")
        assert not delete_importable(tmp_path, "A")
        assert (tmp_path / "A.tar").is_dir()

    @pytest.mark.parametrize("asked", ["stat", "open"])
    def test_what_may_not_be_read_is_skipped(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, asked: str
    ) -> None:
        put(tmp_path, "A", "A.json")
        real = getattr(os, asked)

        def refused(path: str, *args: object, **kwargs: object) -> object:
            if path == "A.tar":
                raise PermissionError(13, "Permission denied", path)
            return real(path, *args, **kwargs)

        monkeypatch.setattr(os, asked, refused)
        assert_skipped(tmp_path, caplog, "A")

    def test_names_that_are_no_text_are_skipped_in_silence(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        for name in (b"\xff.tar", b"A\xff.tar", b"A\nB.tar"):
            (tmp_path / os.fsdecode(name)).write_bytes(b"junk")
        assert list_importable(tmp_path) == []
        assert caplog.records == []

    def test_a_socket_is_skipped(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)  # a socket's path may not be long
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("A.tar")
            assert_skipped(tmp_path, caplog, "A")
            assert not delete_importable(tmp_path, "A")

    def test_a_link_put_there_after_the_look_is_not_followed(
        self,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        outside = put(tmp_path / "out", "A", "A.json")
        path = put(tmp_path / "in", "A", "A.json")

        def swap(_status: os.stat_result) -> None:
            path.unlink(missing_ok=True)
            path.symlink_to(outside)

        monkeypatch.setattr(importable, "_require_regular", swap)
        assert list_importable(tmp_path / "in") == []
        assert "Skipped A.tar: OSError" in caplog.text


class TestBrokenTars:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"", id="no bytes"),
            pytest.param(b"junk", id="a few bytes"),
            pytest.param(b"junk" * 1000, id="no tar"),
            pytest.param(gzip.compress(tar_bytes("A.json")), id="gzip inside"),
            pytest.param(gzip.compress(b"\0" * 20_000_000), id="bomb that gzip would inflate"),
            pytest.param(tar_bytes("A.json", size=5000)[:2000], id="cut in a member"),
            pytest.param(
                tar_bytes("A.json")[:1024] + b"damaged!" * 64 + bytes(1024),
                id="damaged second header",
            ),
            pytest.param(tar_bytes("A.json")[:1100] + b"x" * 100, id="cut in a header"),
        ],
    )
    def test_a_broken_tar_is_skipped_with_a_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
    ) -> None:
        (tmp_path / "A.tar").write_bytes(content)
        assert_skipped(tmp_path, caplog, "A")

    def test_a_tar_without_members_is_no_dataset(self, tmp_path: Path) -> None:
        put(tmp_path, "A")
        assert list_importable(tmp_path) == []

    @pytest.mark.parametrize("size", [2**40, 2**63, 2**66, -512, -(2**40)])
    def test_a_false_size_is_skipped(self, tmp_path: Path, caplog: pytest.LogCaptureFixture, size: int) -> None:
        member = tarfile.TarInfo("A.json")
        member.size = size
        header = member.tobuf(tarfile.GNU_FORMAT)
        (tmp_path / "A.tar").write_bytes(header + tar_bytes("A.json"))
        assert_skipped(tmp_path, caplog, "A")

    def test_a_header_that_asks_for_gigabytes_is_not_read(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        member = tarfile.TarInfo("long")
        member.type, member.size = tarfile.XHDTYPE, 8 * 2**30
        path = tmp_path / "A.tar"
        path.write_bytes(member.tobuf(tarfile.GNU_FORMAT))
        os.truncate(path, 9 * 2**30)
        assert_skipped(tmp_path, caplog, "A")

    def test_long_names_stacked_without_end_are_skipped(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        member = tarfile.TarInfo("././@LongLink")
        member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2
        one = member.tobuf(tarfile.GNU_FORMAT) + b"a".ljust(512, b"\0")
        (tmp_path / "A.tar").write_bytes(one * 5000 + tar_bytes("A.json"))
        assert_skipped(tmp_path, caplog, "A")

    def test_a_hundred_thousand_members_are_too_many(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        header = tarfile.TarInfo("A.json").tobuf()
        with (tmp_path / "A.tar").open("wb") as file:
            for _ in range(100):
                file.write(header * 1000)
            file.write(bytes(1024))
        started = time.monotonic()
        assert_skipped(tmp_path, caplog, "A")
        assert time.monotonic() - started < tar_contents.MAX_SECONDS + 1

    def test_the_most_members_there_may_be(self, tmp_path: Path) -> None:
        header = tarfile.TarInfo("A.json").tobuf()
        content = header * MAX_MEMBERS + bytes(1024)
        (tmp_path / "A.tar").write_bytes(content)
        assert names(list_importable(tmp_path, clock=lambda: 0.0)) == ["A"]

    def test_a_tar_that_takes_too_long_is_skipped_and_tried_again(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        put(tmp_path, "A", "A.json")
        cache = ContentsCache()
        one_second_a_look = itertools.count()
        assert list_importable(tmp_path, cache, lambda: next(one_second_a_look)) == []
        assert "Skipped A.tar: not read in 2 seconds" in caplog.text
        assert names(list_importable(tmp_path, cache)) == ["A"]


class TestChangesMeanwhile:
    """Each file that is looked at is handled before it is looked at or read."""

    @pytest.fixture
    def before_reading(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
        def arrange(act: Callable[[], object]) -> None:
            real = tar_contents.read_contents

            def read(descriptor: int, dataset: str, clock: Callable[[], float]) -> TarContents:
                act()
                return real(descriptor, dataset, clock)

            monkeypatch.setattr(importable, "read_contents", read)

        return arrange

    def test_a_file_that_vanishes_after_the_listing_is_skipped(
        self, tmp_path: Path, before_reading: Callable[[Callable[[], object]], None]
    ) -> None:
        put(tmp_path, "A", "A.json")
        gone = put(tmp_path, "B", "B.json")
        before_reading(lambda: gone.unlink(missing_ok=True))
        assert names(list_importable(tmp_path)) == ["A"]

    def test_a_file_that_changes_while_it_is_read_is_skipped_and_not_remembered(
        self, tmp_path: Path, before_reading: Callable[[Callable[[], object]], None]
    ) -> None:
        path = put(tmp_path, "A", "A.json")
        changes = [lambda: path.write_bytes(tar_bytes("A.json", "chunks/x"))]
        before_reading(lambda: changes and changes.pop()())
        cache = ContentsCache()
        assert list_importable(tmp_path, cache) == []
        assert [found.has_data for found in list_importable(tmp_path, cache)] == [True]

    def test_a_file_that_is_replaced_while_it_is_read_does_no_harm(
        self, tmp_path: Path, before_reading: Callable[[Callable[[], object]], None]
    ) -> None:
        path = put(tmp_path, "A", "A.json")
        new = put(tmp_path / "new", "A", "A.json", "chunks/x")
        before_reading(lambda: new.exists() and new.rename(path))
        cache = ContentsCache()
        list_importable(tmp_path, cache)
        assert [found.has_data for found in list_importable(tmp_path, cache)] == [True]

    def test_a_folder_that_vanishes_during_the_listing_is_no_error(
        self, tmp_path: Path, before_reading: Callable[[Callable[[], object]], None]
    ) -> None:
        folder = tmp_path / "in"
        put(folder, "A", "A.json")
        put(folder, "B", "B.json")
        put(folder / "archive", "C", "C.json")
        away = tmp_path / "away"
        before_reading(lambda: folder.exists() and folder.rename(away))
        assert names(list_importable(folder)) == ["A", "B", "C"]


class TestCache:
    @pytest.fixture
    def reads(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        seen: list[str] = []
        real = tar_contents.read_contents

        def read(descriptor: int, dataset: str, clock: Callable[[], float]) -> TarContents:
            seen.append(dataset)
            return real(descriptor, dataset, clock)

        monkeypatch.setattr(importable, "read_contents", read)
        return seen

    def test_a_file_is_read_once_sound_or_broken(self, tmp_path: Path, reads: list[str]) -> None:
        put(tmp_path, "A", "A.json")
        (tmp_path / "B.tar").write_bytes(b"junk")
        cache = ContentsCache()
        assert list_importable(tmp_path, cache) == list_importable(tmp_path, cache)
        assert reads == ["A", "B"]

    def test_a_new_version_of_the_same_size_is_read_again(self, tmp_path: Path, reads: list[str]) -> None:
        path = put(tmp_path, "A", "A.json")
        cache = ContentsCache()
        list_importable(tmp_path, cache)
        old = path.stat()
        path.write_bytes(tar_bytes("B.json"))
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns + 1))
        assert list_importable(tmp_path, cache) == []
        assert reads == ["A", "A"]

    def test_a_renamed_file_is_judged_by_its_new_name(self, tmp_path: Path) -> None:
        path = put(tmp_path, "A", "A.json")
        cache = ContentsCache()
        list_importable(tmp_path, cache)
        path.rename(tmp_path / "B.tar")
        assert list_importable(tmp_path, cache) == []

    def test_it_forgets_what_was_not_asked_for_the_longest(self) -> None:
        cache = ContentsCache(size=2)
        asked: list[str] = []
        for key in ("a", "b", "a", "c", "a", "b"):
            cache.get(key, partial(asked.append, key))
        assert asked == ["a", "b", "c", "b"]
        assert len(cache) == 2


class TestDeleting:
    def test_the_dataset_is_deleted_and_its_neighbors_stay(self, tmp_path: Path) -> None:
        put(tmp_path, "A", "A.json")
        put(tmp_path, "A_B", "A_B.json")
        assert delete_importable(tmp_path, "A")
        assert names(list_importable(tmp_path)) == ["A_B"]

    def test_the_archived_one_goes_only_where_there_is_no_other(self, tmp_path: Path) -> None:
        put(tmp_path, "A", "A.json")
        put(tmp_path / "archive", "A", "A.json")
        assert delete_importable(tmp_path, "A")
        assert [found.is_archived for found in list_importable(tmp_path)] == [True]
        assert delete_importable(tmp_path, "A")
        assert not delete_importable(tmp_path, "A")

    def test_none_of_that_name_with_and_without_an_archive(self, tmp_path: Path) -> None:
        assert not delete_importable(tmp_path, "A")
        (tmp_path / "archive").mkdir()
        assert not delete_importable(tmp_path, "A")

    def test_a_broken_tar_can_be_deleted(self, tmp_path: Path) -> None:
        (tmp_path / "A.tar").write_bytes(b"junk")
        assert delete_importable(tmp_path, "A")
        assert list(tmp_path.iterdir()) == []

    def test_of_two_at_once_only_one_deletes_and_the_archive_stays(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, "A", "A.json")
        put(tmp_path / "archive", "A", "A.json")
        real = os.unlink

        def beaten(filename: str, *, dir_fd: int) -> None:
            real(filename, dir_fd=dir_fd)
            real(filename, dir_fd=dir_fd)

        monkeypatch.setattr(os, "unlink", beaten)
        assert not delete_importable(tmp_path, "A")
        assert [found.is_archived for found in list_importable(tmp_path)] == [True]

    def test_a_folder_that_may_not_be_written_is_an_error_without_its_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path, "A", "A.json")

        def refuse(filename: str, *, dir_fd: int) -> None:
            raise PermissionError(13, filename, str(dir_fd))

        monkeypatch.setattr(os, "unlink", refuse)
        with pytest.raises(InputFolderUnavailable, match="read-only"):
            delete_importable(tmp_path, "A")

    def test_a_missing_folder_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(InputFolderUnavailable):
            delete_importable(tmp_path / "gone", "A")
