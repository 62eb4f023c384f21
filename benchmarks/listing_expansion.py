"""How other requests fare while a listing of 100,000 entries becomes elements.

    python -m benchmarks.listing_expansion [ENTRIES]

Starts a mongod and a gunicorn of its own on loopback, and ends both. Prints one JSON object: the latency of other
requests before and during the expansion, how long that took, and the memory of the service's processes.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Self

import httpx

from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.replica_set import initiate

BASE = "/workqueue/api/v1.0"
CLIENTS = 4
PAUSE = 0.01
BASELINE_SECONDS = 10


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, PrivateMongod(Path(folder), []) as mongod:
        mongod.start(initiate)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        gunicorn = ["-m", "gunicorn", "job_service.wsgi:app", "--workers", "2", "--threads", "16", "--timeout", "300"]
        command = [sys.executable, *gunicorn, "--worker-class", "gthread", "--bind", f"127.0.0.1:{port}"]
        environment = {**os.environ, "MONGODB_URL": mongod.url}
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as service:
            try:
                print(json.dumps(measure(f"http://127.0.0.1:{port}", entries, service.pid), indent=2))
            finally:
                service.terminate()


def measure(url: str, entries: int, pid: int) -> dict[str, object]:
    with httpx.Client(base_url=url, timeout=300, trust_env=False) as client:
        wait_until_ready(client)
        number = client.post(f"{BASE}/copy", json=transfer()).json()["id"]
        [job] = client.post(f"{BASE}/worker/jobs", json={"types": [0]}).json()
        [item] = job["elements"]
        before = memory_of(pid)
        body = json.dumps(report(entries)).encode()
        with Load(url, number) as load:
            time.sleep(BASELINE_SECONDS)
            load.phase = "during"
            began = time.monotonic()
            answer = client.put(
                f"{BASE}/worker/jobs/{number}/elements/0",
                content=body,
                headers={"X-Token": item["token"], "Content-Type": "application/json"},
            )
            seconds = time.monotonic() - began
        answer.raise_for_status()
        return {
            "entries": entries,
            "body_megabytes": round(len(body) / 1e6, 1),
            "expansion_seconds": round(seconds, 1),
            "memory_megabytes": {"before": before, "peak": memory_of(pid)},
            **{phase: load.summary(phase) for phase in ("before", "during")},
        }


class Load:
    """Clients that ask for a status and for work, again and again."""

    def __init__(self, url: str, number: int) -> None:
        self.phase = "before"
        self._url, self._number = url, number
        self._stop = threading.Event()
        self._seconds: dict[str, list[float]] = {"before": [], "during": []}
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def summary(self, phase: str) -> dict[str, float]:
        seconds = self._seconds[phase]
        cuts = quantiles(seconds, n=100)
        names = {"p50_ms": cuts[49], "p99_ms": cuts[98], "max_ms": max(seconds)}
        return {"requests": len(seconds), **{name: round(value * 1000, 1) for name, value in names.items()}}

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=300, trust_env=False) as client:
            while not self._stop.wait(PAUSE):
                for call in (self._status, self._claim, self._submit):
                    began, phase = time.monotonic(), self.phase
                    call(client).raise_for_status()
                    self._seconds[phase].append(time.monotonic() - began)

    def _status(self, client: httpx.Client) -> httpx.Response:
        return client.get(f"{BASE}/jobs/{self._number}/elements/0/status")

    def _claim(self, client: httpx.Client) -> httpx.Response:
        return client.post("/claims", json={"kind": "dataset", "worker": "benchmark"})

    def _submit(self, client: httpx.Client) -> httpx.Response:
        return client.post(f"{BASE}/list", json={"src_siteid": 1, "src_filepath": "~/x"})


def transfer() -> dict[str, object]:
    return {"src_siteid": 1, "src_filepath": "~/tree", "dst_siteid": 2, "dst_filepath": "~/copy"}


def report(entries: int) -> dict[str, object]:
    folders: dict[str, list[dict[str, object]]] = {"~/tree": []}
    for place in range(entries):
        name = f"a file of the run {place:07d}.root"
        entry = {"name": name, "st_mode": 0o100644, "st_size": place, "st_mtime": 1_700_000_000}
        folders.setdefault(f"~/tree/folder {place // 1000}", []).append(entry)
    return {"returncode": 0, "host": "benchmark", "log": "", "timestamp": "2030-01-01T00:00:00Z", "listing": folders}


def memory_of(pid: int) -> int:
    """Return the largest resident size, in megabytes, that one of the service's processes has had."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = [Path(f"/proc/{each}/status").read_text() for each in (str(pid), *children)]
    return (
        max(int(line.split()[1]) for text in status for line in text.splitlines() if line.startswith("VmHWM")) // 1024
    )


def wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if client.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("The service did not become ready")


if __name__ == "__main__":
    main()
