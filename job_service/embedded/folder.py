"""The data folder of a private mongod."""

import base64
import contextlib
import fcntl
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from job_service.embedded.errors import FolderInUse

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
# When a service is killed, its mongod ends within milliseconds: an immediate restart has to wait for that.
LOCK_PATIENCE = 2.0
LOCK_POLL = 0.05


@dataclass(frozen=True)
class DataFolder:
    """Names, keys and the lock of one data folder; only its owner can read `mongod/`."""

    root: Path

    @property
    def private(self) -> Path:
        """The folder of all that belongs to mongod."""
        return self.root / "mongod"

    @property
    def database(self) -> Path:
        """The folder of mongod's database files."""
        return self.private / "db"

    @property
    def log(self) -> Path:
        """The log of mongod since its last start; the previous one has the suffix `.1`."""
        return self.private / "mongod.log"

    @property
    def key_file(self) -> Path:
        """The key file of the replica set, without which mongod would not ask for passwords either."""
        return self.private / "key"

    def create(self) -> None:
        """Make the folders that are missing. Raises OSError."""
        self.root.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        self.private.mkdir(PRIVATE_FOLDER, exist_ok=True)
        self.private.chmod(PRIVATE_FOLDER)
        self.database.mkdir(PRIVATE_FOLDER, exist_ok=True)
        if not self.key_file.exists():
            _write(self.key_file, base64.b64encode(secrets.token_bytes(96)).decode())

    def lock(self) -> int:
        """Lock the folder for this process; gives the descriptor that holds the lock while any process has it open.

        Raises FolderInUse when another process still holds the lock after two seconds.
        """
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        patience = time.monotonic() + LOCK_PATIENCE
        while not _locked(descriptor):
            if time.monotonic() > patience:
                owner = os.read(descriptor, 20).decode(errors="replace")
                os.close(descriptor)
                raise FolderInUse(f"The folder {self.root} is in use by another job service (process {owner}).")
            time.sleep(LOCK_POLL)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor

    def password(self) -> str:
        """Give the password of this folder's database; made on the first call, 256 random bits."""
        file = self.private / "password"
        if not file.exists():
            _write(file, secrets.token_urlsafe(32))
        return file.read_text()

    def port(self) -> int | None:
        """Give mongod's last port, None on the first start."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.private / "port").read_text())
        return None

    def remember_port(self, port: int) -> None:
        """Store the port for the next start: another port would need a new configuration of the replica set."""
        _write(self.private / "port", str(port))

    def new_log(self) -> int:
        """Rotate the log; give a descriptor of the new, empty one."""
        with contextlib.suppress(FileNotFoundError):
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)


def _locked(descriptor: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _write(file: Path, text: str) -> None:
    """Write a file, readable for its owner alone, atomically, also when the power fails."""
    draft = file.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
    draft.replace(file)
