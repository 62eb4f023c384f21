"""A private mongod: a replica set of one member on loopback, with a password, that ends with this process."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Self

from job_service.embedded.binary import ENVIRONMENT, find_mongod
from job_service.embedded.errors import CannotRun
from job_service.embedded.folder import DataFolder
from job_service.embedded.kept import Kept, Program, Restarts
from job_service.embedded.mongod_log import why_it_ended
from job_service.embedded.process import spawn

HOST = "127.0.0.1"
USER = "job-service"
DATABASE = "jobdb"
REPLICA_SET = "job-service"
# Below the ephemeral ports: an outgoing connection could take one of those while mongod is being restarted, even
# a client of mongod, by connecting to itself.
PORTS = range(20_000, 30_000)
LISTEN_SECONDS = 120.0
LISTEN_POLL = 0.02
STOP_SECONDS = 20.0
OPTIONS = (
    f"--bind_ip={HOST}",
    "--nounixsocket",
    f"--replSet={REPLICA_SET}",
    "--noscripting",
    "--quiet",
    "--wiredTigerCacheSizeGB=0.25",
    # Smaller than the defaults (three journal files of 100 MB, up to 5 % of the disk), which suit a dedicated server.
    "--wiredTigerEngineConfigString=log=(file_max=16MB)",
    "--oplogSize=256",
    "--setParameter=diagnosticDataCollectionEnabled=false",
    # No other member could become the primary; waiting for one would take up to 15 seconds.
    "--setParameter=shutdownTimeoutMillisForSignaledShutdown=0",
    # Seconds for which a dead client's transaction locks its documents; the default is a minute.
    "--setParameter=transactionLifetimeLimitSeconds=10",
)


class PrivateMongod:
    """A mongod in `folder`, started by `start` and kept by `keep_up`, both from the main thread; `stop` ends it.

    The kernel ends mongod with this process, however that ends. Data, password and, if possible, the port stay the same
    from start to start. `options` are added to mongod's command line.
    """

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self._folder = DataFolder(folder.absolute())
        self._options = options
        self._binary = Path()
        self._port = 0
        self._lock: int | None = None
        self._kept = Kept(
            Program("The private mongod", self._spawn, Restarts(longest=2.0, failures=3), self._explain, STOP_SECONDS)
        )

    @property
    def url(self) -> str:
        """The connection string, password included."""
        login = f"{USER}:{self._folder.password()}"
        return f"mongodb://{login}@{HOST}:{self._port}/{DATABASE}?replicaSet={REPLICA_SET}&authSource=admin"

    @property
    def pid(self) -> int | None:
        """The process id of the mongod that runs or ran last."""
        return self._kept.pid

    def start(self, initiate: Callable[[str], None]) -> None:
        """Start mongod and wait until it can be written to.

        `initiate` gets the connection string and creates the replica set and its user where they are missing, or raises
        OSError with a sentence. Raises FolderInUse, MongodMissing, or CannotRun with the reason; then nothing is left.
        """
        try:
            self._take_folder()
            self._port = _choose_port(self._folder.port())
            self._kept.start()
            self._wait_until_listening()
            initiate(self.url)
            self._folder.remember_port(self._port)
        except OSError as problem:
            reason = self._explain_if_ended() or f"The private MongoDB cannot run: {problem}"
            self.stop()
            raise CannotRun(reason) from problem
        except BaseException:
            self.stop()
            raise

    def keep_up(self, now: float) -> float | None:
        """Start mongod again, on the same port, when it has ended; see Kept.keep_up.

        Raises CannotRun with the reason when it cannot be kept running, for example because the disk is full.
        """
        return self._kept.keep_up(now)

    def stop(self) -> None:
        """End mongod in good order and give up the folder; also when there is nothing to end."""
        self._kept.stop()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _take_folder(self) -> None:
        self._binary = find_mongod()
        try:
            self._folder.create()
        except OSError as problem:
            reason = f"The private MongoDB cannot keep its data at {problem.filename}: {problem.strerror}."
            raise CannotRun(f"{reason} See --data-dir.") from problem
        self._lock = self._folder.lock()

    def _spawn(self) -> subprocess.Popen[bytes]:
        folder = self._folder
        try:
            log = folder.new_log()
        except OSError as problem:
            raise CannotRun(f"The private MongoDB cannot run: {problem}") from problem
        places = (f"--dbpath={folder.database}", f"--keyFile={folder.key_file}", f"--port={self._port}")
        command = (str(self._binary), *places, *OPTIONS, *self._options)
        # mongod inherits the folder's lock: the next process that gets the lock finds the database closed.
        held = () if self._lock is None else (self._lock,)
        with os.fdopen(log, "wb") as output:
            return spawn(command, environment=ENVIRONMENT, output=output, keep=held)

    def _wait_until_listening(self) -> None:
        patience = time.monotonic() + LISTEN_SECONDS
        while not _listens(self._port):
            reason = self._explain_if_ended()
            if reason:
                raise CannotRun(reason)
            if time.monotonic() > patience:
                raise TimeoutError(f"it did not open its port within {LISTEN_SECONDS:.0f} seconds")
            time.sleep(LISTEN_POLL)

    def _explain(self, returncode: int) -> str:
        return why_it_ended(returncode, self._folder.log)

    def _explain_if_ended(self) -> str | None:
        returncode = self._kept.poll()
        return None if returncode is None else self._explain(returncode)


def _choose_port(last: int | None) -> int:
    """Give the port of the last start when it is free, another one otherwise."""
    if last is not None and _is_free(last):
        return last
    # SystemRandom: two services that start at once with equal seeds must not choose the same port.
    return next(port for port in SystemRandom().sample(PORTS, len(PORTS)) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
