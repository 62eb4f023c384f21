"""The clients, as processes: some stay, some are there to be killed and stopped."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from job_service.embedded.process import spawn
from tests.torture.clients import KINDS
from tests.torture.instances import ROOT

Roles = dict[str, list[str]]

STEADY: Roles = {
    "submitters": ["submit-dataset", "submit-dataset", *(f"submit-{kind}" for kind in KINDS), "read"],
    "workers": [*(f"work-{kind}" for kind in KINDS), "work-dataset", "work-transfer", "work-late"],
    "legacy": ["fetch-transcoding", "fetch-conversion", "fetch-transfer"],
}
#: What becomes of these is the nemesis's business.
MORTAL: Roles = {
    "mortal-datasets": ["work-dataset", "work-dataset", "submit-dataset"],
    "mortal-others": ["work-transfer", "work-transcoding", "work-code", "submit-conversion"],
}


class Clients:
    """One process of clients, started anew with another history whenever it has been killed."""

    def __init__(self, name: str, roles: list[str], folder: Path, ports: list[int], rng: random.Random) -> None:
        self.name = name
        self._roles = roles
        self._folder = folder
        self._ports = ports
        self._rng = rng
        self._starts = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it; from the main thread, with which it ends."""
        self._starts += 1
        name = f"{self.name}-{self._starts}"
        plan = {
            "name": name,
            "history": str(self._folder / f"{name}.jsonl"),
            "ports": self._ports,
            "seed": self._rng.random(),
            "roles": self._roles,
        }
        with (self._folder / "clients.log").open("ab") as output:
            self.process = spawn(
                [sys.executable, "-m", "tests.torture.clients", json.dumps(plan)],
                environment={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                output=output,
            )

    def kill(self) -> int:
        """End it by kill -9; return the exit status."""
        assert self.process is not None
        os.kill(self.pid, signal.SIGKILL)
        return self.process.wait(20)


class Load:
    """All clients of a run, or of these `roles` only; `paths` are their histories."""

    def __init__(self, folder: Path, ports: list[int], rng: random.Random, roles: Roles | None = None) -> None:
        self._folder = folder
        steady, mortal = (STEADY, MORTAL) if roles is None else (roles, {})
        self.steady = [Clients(name, own, folder, ports, rng) for name, own in steady.items()]
        self.mortal = [Clients(name, own, folder, ports, rng) for name, own in mortal.items()]

    @property
    def paths(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

    def start(self) -> None:
        for clients in [*self.steady, *self.mortal]:
            clients.start()

    def stop(self) -> list[str]:
        """Let every client finish what it is at; return the names of those that had ended before they were told."""
        running = [each for each in [*self.steady, *self.mortal] if each.process is not None]
        early = [each.name for each in running if each.process is not None and each.process.poll() is not None]
        for each in running:
            if each.name not in early:
                os.kill(each.pid, signal.SIGCONT)
                os.kill(each.pid, signal.SIGTERM)
        for each in running:
            _await_end(each)
        return early


def _await_end(clients: Clients) -> None:
    assert clients.process is not None
    try:
        clients.process.wait(60)
    except subprocess.TimeoutExpired:
        clients.kill()
