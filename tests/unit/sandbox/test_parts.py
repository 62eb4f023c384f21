"""What a sandbox is made of, and what is said when a part is not there."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from job_service.worker.sandbox import bubblewrap, seccomp
from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.interpreter import find_interpreter, readable_by_everyone, readable_by_me

INSTRUCTION_BYTES = 8


def test_the_running_python_is_found_with_all_its_parts():
    found = find_interpreter(None, lambda _: True)

    assert found.executable == Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    assert found.library_name == f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
    assert (found.library / "os.py").exists()
    assert found.loader.exists()
    assert all(path.exists() for path in found.shared.values())
    assert {"libc.so.6", "libgcc_s.so.1"} <= set(found.shared)


def test_packages_beside_the_standard_library_are_hidden(tmp_path):
    found = find_interpreter(None, lambda _: True)

    assert all((found.library / name).is_dir() for name in found.hidden)
    line = bubblewrap.command(Path("bwrap"), found, 1, bubblewrap.Descriptors(3, 4, 5))
    for name in found.hidden:
        assert line[line.index(f"/python/{found.library_name}/{name}") - 1] == "--tmpfs"


def test_time_zones_that_the_user_inside_cannot_read_are_left_out():
    running = find_interpreter(None, lambda _: True)

    assert running.zones
    assert (running.zones / "America" / "Sao_Paulo").exists()
    assert find_interpreter(None, lambda path: path != running.zones).zones is None


def test_a_python_that_the_user_inside_cannot_read_is_passed_over():
    running = find_interpreter(None, lambda _: True)

    with pytest.raises(SandboxUnavailable, match=r"there is no Python 3\.9 or later that the sandbox's user can read"):
        find_interpreter(running.executable, lambda path: path != running.library)


@pytest.mark.parametrize("body", ["exit 1", 'echo \'["/usr/lib", "lib", [3, 8]]\'', "echo nonsense"])
def test_what_is_no_python_or_too_old_is_no_interpreter(tmp_path, body):
    script = tmp_path / "python3"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)

    with pytest.raises(SandboxUnavailable, match=r"tried .*python3"):
        find_interpreter(script, lambda _: True)


def test_readable_by_everyone_looks_at_the_folders_above_too(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    file = folder / "file"
    file.touch(mode=0o644)

    assert readable_by_everyone(Path("/bin/sh"))
    assert not readable_by_everyone(file)
    assert not readable_by_everyone(folder / "missing")
    assert readable_by_me(file)
    assert not readable_by_me(folder / "missing")


def test_the_filters_are_whole_instructions():
    filters = seccomp.compile_filters()

    for program in (filters.start, filters.started):
        assert len(program) > 10 * INSTRUCTION_BYTES
        assert len(program) % INSTRUCTION_BYTES == 0


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ImportError(), "the Python package pyseccomp is not installed"),
        (RuntimeError(), r"libseccomp is not installed \(Debian: libseccomp2\)"),
    ],
)
def test_a_filter_that_cannot_be_compiled_is_no_sandbox(monkeypatch, error, message):
    def fail(name):
        raise error

    monkeypatch.setattr(importlib, "import_module", fail)

    with pytest.raises(SandboxUnavailable, match=f"^No sandbox is available: {message}"):
        seccomp.compile_filters()


def test_a_bubblewrap_that_does_not_run_is_none(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("not a program")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxUnavailable, match="bubblewrap does not run"):
        bubblewrap.find_bubblewrap()


def test_no_path_of_the_host_is_visible_but_the_loaders():
    found = find_interpreter(None, lambda _: True)
    line = bubblewrap.command(Path("bwrap"), found, 1, bubblewrap.Descriptors(3, 4, 5))
    targets = {line[at + 2] for at, word in enumerate(line) if word in ("--ro-bind", "--dev-bind")}

    assert {target for target in targets if not target.startswith(("/python/", "/dev/"))} == {str(found.loader)}
    assert "--bind" not in line
    assert "--proc" not in line
    assert "--dev" not in line


def test_importing_the_way_in_needs_neither_pyseccomp_nor_boto3():
    code = "import sys, job_service.worker.sandbox.local; print({'pyseccomp', 'boto3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())

    assert done.stdout == "set()\n"
