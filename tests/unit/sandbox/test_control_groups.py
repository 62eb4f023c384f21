import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from job_service.worker.sandbox import cgroups, delegation
from job_service.worker.sandbox.cgroups import ControlGroups, find_control_groups
from job_service.worker.sandbox.delegation import Slice, find_slices
from job_service.worker.sandbox.execution import Limits

REALLY_ROOT = os.geteuid() == 0
REMOVE = Path.rmdir
LIMITS = Limits(memory_bytes=512 << 20, folder_bytes=16 << 20, threads=64)


def mount(kind, point, options="rw", root="/"):
    return f"32 31 0:29 {root} {point} rw,relatime shared:1 - {kind} {kind} {options}"


@dataclass
class Host:
    """Fake files of the kernel's, of an ordinary user's groups or another's."""

    root: Path

    def first(self, names, path="/"):
        point = self.root / names
        (point / path.lstrip("/")).mkdir(parents=True)
        return f"4:{names}:{path}", mount("cgroup", point, f"rw,{names}")

    def second(self, path, controllers="cpu io memory pids"):
        folder = self.root / "unified" / path.lstrip("/")
        folder.mkdir(parents=True)
        (folder / "cgroup.controllers").write_text(controllers + "\n")
        return f"0::{path}", mount("cgroup2", self.root / "unified")


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return Host(tmp_path)


def slices(*hierarchies):
    memberships, mounts = zip(*hierarchies, strict=True)
    return list(find_slices("\n".join(memberships), "\n".join(mounts)))


def test_the_root_of_a_first_version_hierarchy_is_ours(host):
    assert slices(host.first("cpu,cpuacct"), host.first("pids"), host.first("freezer")) == [
        Slice(host.root / "cpu,cpuacct", 1, frozenset({"cpu"})),
        Slice(host.root / "pids", 1, frozenset({"pids"})),
    ]


def test_what_a_container_sees_as_the_root_is_ours(host):
    (host.root / "pids").mkdir()
    membership = "4:pids:/docker/abc"

    assert slices((membership, mount("cgroup", host.root / "pids", "rw,pids", root="/docker/abc"))) == [
        Slice(host.root / "pids", 1, frozenset({"pids"})),
    ]


def test_a_group_of_somebody_else_is_left_alone_even_by_root(host):
    assert slices(host.first("memory", "/system.slice/somebody"), host.second("/system.slice/us")) == []


def test_a_group_of_our_own_is_ours(host, monkeypatch):
    hierarchy = host.second("/user.slice/us")
    if REALLY_ROOT:
        os.chown(host.root / "unified/user.slice/us", 1234, 1234)
    monkeypatch.setattr(os, "geteuid", lambda: 1234 if REALLY_ROOT else host.root.stat().st_uid)

    assert slices(hierarchy) == [
        Slice(host.root / "unified/user.slice/us", 2, frozenset({"cpu", "memory", "pids"})),
    ]
    assert (host.root / "unified/user.slice/us/cgroup.subtree_control").read_text() == "+cpu +memory +pids"


@pytest.mark.parametrize("path", ["/system.slice/us", "/system.slice/us/leaf"])
def test_a_group_that_the_service_manager_handed_down_is_ours(host, monkeypatch, path):
    marked = host.root / "unified/system.slice/us"
    monkeypatch.setattr(delegation, "_is_marked", lambda folder, mark: folder == marked and mark == "user.delegate")
    hierarchy = host.second(path, controllers="memory pids")
    (marked / "cgroup.controllers").write_text("memory pids\n")

    assert slices(hierarchy) == [Slice(marked, 2, frozenset({"memory", "pids"}))]


def test_nothing_is_marked_where_the_file_system_keeps_no_marks(tmp_path):
    assert not delegation._is_marked(tmp_path, "user.delegate")


def busy_until(moved):
    """Write as to a group that has processes of its own until ours has left."""

    def write(path, text, **_):
        if path.name == "cgroup.subtree_control" and not moved.exists():
            raise OSError(errno.EBUSY, "busy")
        with path.open("w") as file:
            return file.write(text)

    return write


def test_this_process_makes_room_where_the_group_is_its_own(host, monkeypatch):
    hierarchy = host.second("/")
    own = host.root / "unified"
    leaf = own / "job-service-worker"
    monkeypatch.setattr(Path, "write_text", busy_until(leaf / "cgroup.procs"))

    assert [each.folder for each in slices(hierarchy)] == [own]
    assert (leaf / "cgroup.procs").read_text() == str(os.getpid())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY])
def test_a_group_that_cannot_be_divided_is_not_used(host, monkeypatch, number):
    hierarchy = host.second("/")

    def refuse(path, text, **_):
        raise OSError(number, "no")

    monkeypatch.setattr(Path, "write_text", refuse)

    assert slices(hierarchy) == []


def test_a_run_gets_its_limits_in_each_hierarchy_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "rmdir", remove_fake)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    groups = ControlGroups(
        (
            Slice(tmp_path / "old", 1, frozenset({"pids", "memory", "cpu"})),
            Slice(tmp_path / "new", 2, frozenset({"pids", "memory", "cpu"})),
        ),
    )
    with groups.group(LIMITS) as join:
        join(4321)
        (old,), (new,) = ((tmp_path / name).iterdir() for name in ("old", "new"))
        written = {file.name: file.read_text() for file in (*old.iterdir(), *new.iterdir())}

    assert written == {
        "cpu.cfs_period_us": "100000",
        "cpu.cfs_quota_us": "100000",
        "cpu.max": "100000 100000",
        "memory.limit_in_bytes": str(560 << 20),
        "memory.max": str(560 << 20),
        "memory.swap.max": "0",
        "pids.max": "64",
        "cgroup.procs": "4321",
    }
    assert [list((tmp_path / name).iterdir()) for name in ("old", "new")] == [[], []]
    assert groups.controllers == ["cpu", "cpu", "memory", "memory", "pids", "pids"]


def test_a_group_that_cannot_be_made_undoes_the_others(tmp_path):
    (tmp_path / "one").mkdir()
    groups = ControlGroups((Slice(tmp_path / "one", 1, frozenset()), Slice(tmp_path / "none", 1, frozenset())))

    with pytest.raises(FileNotFoundError), groups.group(LIMITS):
        pass

    assert list((tmp_path / "one").iterdir()) == []


def test_without_files_of_the_kernel_there_are_no_groups(tmp_path):
    assert find_control_groups(tmp_path).slices == ()


def test_what_dead_workers_left_is_removed_and_what_live_ones_have_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    membership, mounted = Host(tmp_path).first("pids")
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/77").mkdir()
    (tmp_path / "proc/self/cgroup").write_text(membership)
    (tmp_path / "proc/self/mountinfo").write_text(mounted)
    for name in ("job-service-run-77-1-0", "job-service-run-78-1-0", "other"):
        (tmp_path / "pids" / name).mkdir()

    find_control_groups(tmp_path / "proc")

    assert {folder.name for folder in (tmp_path / "pids").iterdir()} == {"job-service-run-77-1-0", "other"}


def test_a_group_that_is_let_go_a_moment_later_is_removed_then(tmp_path, monkeypatch):
    refusals = iter([OSError(errno.EBUSY, "busy")] * 2)

    def remove_later(folder):
        for refusal in refusals:
            raise refusal
        REMOVE(folder)

    monkeypatch.setattr(Path, "rmdir", remove_later)
    monkeypatch.setattr(cgroups, "_REMOVAL_PAUSE_SECONDS", 0)
    with ControlGroups((Slice(tmp_path, 1, frozenset()),)).group(LIMITS):
        assert len(list(tmp_path.iterdir())) == 1

    assert list(tmp_path.iterdir()) == []


def test_a_hierarchy_that_is_not_mounted_here_is_none(host):
    assert list(find_slices("4:pids:/\n0::/", mount("cgroup", host.root, "rw,freezer"))) == []


def test_a_group_that_cannot_be_written_to_is_not_ours(host, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)

    assert slices(host.first("pids"), host.second("/")) == []


def remove_fake(folder):
    """Remove as the cgroup file system does, where files are no obstacle."""
    for file in folder.iterdir():
        file.unlink()
    REMOVE(folder)
