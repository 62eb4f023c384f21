"""Programs that write tars, each a function of a folder and the tar to write of it."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

SECONDS = 60


def told(*command, cwd=None):
    """Run a program in no language and no zone; its output, or an error with what it said."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/nonexistent"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def gnu(folder, tar, *options):
    told("tar", "-cf", str(tar), *options, "-C", str(folder), ".")


def gnu_incremental(folder, tar):
    gnu(folder, tar, "--label=a dataset", f"--listed-incremental={tar}.list")


def bsd(folder, tar, form):
    told("bsdtar", "-cf", str(tar), f"--format={form}", "-C", str(folder), ".")


def busybox(folder, tar):
    told("busybox", "tar", "-cf", str(tar), "-C", str(folder), ".")


def python(folder, tar, form):
    with tarfile.open(tar, "w:", format=form, encoding="utf-8") as writing:
        for path in sorted(folder.iterdir()):
            writing.add(path, path.name)


def seven_zip(folder, tar):
    told(
        "7z", "a", "-ttar", "-snl", "-snh", "-bd", str(tar), *sorted(path.name for path in folder.iterdir()), cwd=folder
    )


def git(folder, tar):
    settings = ("-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "core.autocrlf=false")
    at = ("git", *settings, f"--git-dir={tar}.git", f"--work-tree={folder}")
    told(*at, "init", "-q")
    told(*at, "add", "-A", "-f", ".")
    told(*at, "commit", "-q", "-m", "a dataset")
    told(*at, "archive", "--format=tar", "-o", str(tar), "HEAD")
    shutil.rmtree(f"{tar}.git")


def built_go(folder: Path) -> Path:
    """Build the program in Go; the path of what came out."""
    program = folder / "write_tar"
    source = Path(__file__).with_name("write_tar.go")
    environment = dict(os.environ, GOCACHE=str(folder / "cache"), GOTOOLCHAIN="local", GO111MODULE="off")
    subprocess.run(["go", "build", "-o", str(program), str(source)], env=environment, check=True, timeout=10 * SECONDS)
    return program


def go(folder, tar, program):
    told(str(program), str(tar), str(folder))


#: Formats with room for 100 characters of a name, and so for the writer's own `./` before it.
SHORT_NAMES = {"gnu v7", "gnu ustar", "bsd ustar", "python ustar", "7z"}
#: It takes names for UTF-8.
READABLE_NAMES = {"7z"}
#: It keeps no links: files it follows, and leaves out what leads nowhere.
WITHOUT_LINKS = {"7z"}
WRITERS = {
    "gnu": (gnu,),
    "gnu oldgnu": (gnu, "--format=oldgnu"),
    "gnu pax": (gnu, "--format=pax"),
    "gnu ustar": (gnu, "--format=ustar"),
    "gnu v7": (gnu, "--format=v7"),
    "gnu sparse": (gnu, "--sparse"),
    "gnu sparse 0.0": (gnu, "--sparse", "--format=pax", "--sparse-version=0.0"),
    "gnu sparse 0.1": (gnu, "--sparse", "--format=pax", "--sparse-version=0.1"),
    "gnu sparse 1.0": (gnu, "--sparse", "--format=pax", "--sparse-version=1.0"),
    "gnu incremental": (gnu_incremental,),
    "bsd ustar": (bsd, "ustar"),
    "bsd pax": (bsd, "pax"),
    "bsd gnutar": (bsd, "gnutar"),
    "busybox": (busybox,),
    "python ustar": (python, tarfile.USTAR_FORMAT),
    "python gnu": (python, tarfile.GNU_FORMAT),
    "python pax": (python, tarfile.PAX_FORMAT),
    "7z": (seven_zip,),
    "git": (git,),
}


def append(folder, tar, program, option):
    told(program, option, "-f", str(tar), "-C", str(folder), ".")


def append_in_python(folder, tar):
    with tarfile.open(tar, "a:", encoding="utf-8") as writing:
        for path in sorted(folder.iterdir()):
            writing.add(path, path.name)


APPENDERS = (
    (append, "tar", "-r"),
    (append, "tar", "-u"),
    (append, "bsdtar", "-r"),
    (append, "bsdtar", "-u"),
    (append_in_python,),
)
