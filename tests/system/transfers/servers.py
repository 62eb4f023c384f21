"""Real servers on loopback, made for one test run: an sshd with keys of its own, and a GridFTP server."""

import contextlib
import getpass
import os
import selectors
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from job_service.worker.transfers.site import SshSite

DEADLINE = 30
SSHD = "/usr/sbin/sshd"
GRIDFTP = "/usr/sbin/globus-gridftp-server"

CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class Sshd:
    """A running sshd that lets in the user who runs the tests."""

    folder: Path
    port: int
    pid: int

    def site(self, number, root, **settings):
        access = {"key_file": str(self.folder / "user_key"), "known_hosts": str(self.folder / "known_hosts")}
        return SshSite(number, str(root), "127.0.0.1", getpass.getuser(), port=self.port, **(access | settings))


@contextlib.contextmanager
def sshd(folder):
    """Run an sshd until the context ends, with all the sessions it has then."""
    port = free_port()
    for name in ("host_key", "user_key", "strange_key"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True, timeout=DEADLINE)
    host_key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
    (folder / "sshd_config").write_text(CONFIGURATION.format(port=port, folder=folder))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with running([SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]) as process:
        wait_until_listening(process, b"Server listening")
        yield Sshd(folder, port, process.pid)


@contextlib.contextmanager
def gridftp_server(root):
    """Run a GridFTP server that serves one folder to anonymous users until the context ends; give its port."""
    port = free_port()
    options = ["-aa", "-control-interface", "127.0.0.1", "-data-interface", "127.0.0.1", "-disable-usage-stats"]
    if os.geteuid() == 0:
        # The server wants to be somebody else for anonymous users, who then needs the folder.
        options += ["-anonymous-user", "nobody"]
        shutil.chown(root, "nobody")
    server = [GRIDFTP, *options, "-c", os.devnull, "-restrict-paths", f"RW{root}", "-p", str(port), "-d", "error"]
    with running(server):
        wait_until_open(port)
        yield port


@contextlib.contextmanager
def running(command):
    """Run a server in a session of its own, and end it with its children when the context ends."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    with process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(DEADLINE)


def wait_until_listening(process, words):
    """Wait until a server says so; afterwards what it says is thrown away."""
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stderr, selectors.EVENT_READ)
        while words not in said:
            assert selector.select(DEADLINE), said
            piece = os.read(process.stderr.fileno(), 4096)
            assert piece, said
            said += piece


def wait_until_open(port):
    """Wait until something accepts connections at a port."""
    deadline = time.monotonic() + DEADLINE
    while True:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
