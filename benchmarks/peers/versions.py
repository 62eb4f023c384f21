"""Which versions were measured."""

import json
import subprocess

from benchmarks.peers.installation import HERE, command_of
from benchmarks.peers.servers import newest_postgresql


def versions() -> dict[str, str]:
    """The pinned packages, and what the servers and Node.js say of themselves; mongod is the service's own."""
    package = json.loads((HERE / "package.json").read_text())
    python = dict(line.split("==") for line in (HERE / "requirements.txt").read_text().splitlines())
    told = {
        "beanstalkd": ("beanstalkd", "-v"),
        "redis-server": ("redis-server", "--version"),
        "postgresql": (str(newest_postgresql() / "postgres"), "--version"),
        "node": (command_of("protocol.js")[0], "--version"),
    }
    node: dict[str, str] = package["dependencies"]
    return python | node | {name: _say(command) for name, command in told.items()}


def _say(command: tuple[str, ...]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
