"""The servers that peers stand on: fresh ones, on free ports of loopback, with their data in a folder to throw away.

Each gives a function from a number (0, 1 or 2) to the connection string of a place of its own on that server.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.catalog import Peer
from benchmarks.peers.processes import free_port, server, wait_until
from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.replica_set import initiate

Places = Callable[[int], str]

PLACES = range(3)
UNPRIVILEGED = ("postgres", "nobody")


@contextmanager
def started(peer: Peer, folder: Path) -> Iterator[Places]:
    """Run the server of `peer`, durable as it says, while the block runs."""
    kinds = {"beanstalkd": _beanstalkd, "mongod": _mongod, "postgresql": _postgresql, "redis": _redis}
    with kinds[peer.server](folder, durable=peer.durable) as places:
        yield places


@contextmanager
def _beanstalkd(folder: Path, *, durable: bool) -> Iterator[Places]:
    port = free_port()
    kept = ("-b", str(folder), "-f0") if durable else ()
    command = ("beanstalkd", "-l", "127.0.0.1", "-p", str(port), *kept)
    with server(command, folder / "server.log", port):
        yield lambda number: f"beanstalk://127.0.0.1:{port}/place{number}"


@contextmanager
def _redis(folder: Path, *, durable: bool) -> Iterator[Places]:
    port = free_port()
    kept = ("--appendonly", "yes", "--appendfsync", "always") if durable else ()
    command = ("redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *kept)
    with server(command, folder / "server.log", port):
        yield lambda number: f"redis://127.0.0.1:{port}/{number}"


@contextmanager
def _mongod(folder: Path, *, durable: bool) -> Iterator[Places]:
    if not durable:
        raise ValueError("a replica set journals what it acknowledges")
    with PrivateMongod(folder / "mongod") as mongod:
        mongod.start(initiate)
        yield lambda number: mongod.url.replace("/jobdb?", f"/place{number}?")


@contextmanager
def _postgresql(folder: Path, *, durable: bool) -> Iterator[Places]:
    if not durable:
        raise ValueError("PostgreSQL is measured as it ships, which is durable")
    user = _unprivileged()
    port, data = free_port(), folder / "data"
    if user:
        shutil.chown(folder, user)
    programs = newest_postgresql()
    making = (str(programs / "initdb"), "-D", str(data), "-U", "peers", "-A", "trust", "-E", "UTF8", "--no-locale")
    subprocess.run(making, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
    places = ("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-p", str(port))
    with server((str(programs / "postgres"), "-D", str(data), *places), folder / "server.log", port, user):
        address = ("-h", "127.0.0.1", "-p", str(port), "-U", "peers")
        ready = (str(programs / "pg_isready"), "-q", *address)
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL was not ready")
        for number in PLACES:
            subprocess.run((str(programs / "createdb"), *address, f"place{number}"), check=True)
        yield lambda number: f"postgresql://peers@127.0.0.1:{port}/place{number}"


def newest_postgresql() -> Path:
    """The folder of PostgreSQL's programs, which Debian keeps away from the PATH; FileNotFoundError without any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    if path is None:
        raise FileNotFoundError("PostgreSQL is not installed")
    return Path(path).resolve().parent


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)
