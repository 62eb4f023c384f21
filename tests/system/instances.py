"""Instances of the service as they run behind a balancer: gunicorn processes on one MongoDB, asked over sockets."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.system.serving.waiting import until

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"


class Instance:
    """One gunicorn of two workers that answers while the block lasts; `application` is what it loads, `log` a file."""

    def __init__(self, mongodb_url, application="job_service.wsgi:app", workers=2, log=os.devnull, **environment):
        with socket.create_server((HOST, 0)) as free:
            self.port = free.getsockname()[1]
        options = ["--bind", f"{HOST}:{self.port}", f"--workers={workers}", "--threads=16"]
        config = ROOT / "job_service" / "command" / "gunicorn_config.py"
        self.command = [sys.executable, "-m", "gunicorn", "-c", str(config), *options, application]
        self.callers: list[Caller] = []
        self.log = Path(log)
        self.environment = {**os.environ, "MONGODB_URL": mongodb_url, "PYTHONPATH": str(ROOT), **environment}

    def __enter__(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)
        try:
            until(self.is_ready)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for caller in self.callers:
            caller.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def is_ready(self):
        try:
            return Caller(self).get("/health/ready")[0] == 200
        except OSError:
            return False


class Caller:
    """One kept connection to an instance, as a worker has it; opened anew after a fault."""

    def __init__(self, instance, timeout=30):
        self.port, self.timeout = instance.port, timeout
        self.connection: http.client.HTTPConnection | None = None
        instance.callers.append(self)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)

    def patch(self, path, body):
        return self.ask("PATCH", path, body)

    def ask(self, method, path, body=None):
        """Give the status, the body and the headers of the answer."""
        return self.ask_text(method, path, None if body is None else json.dumps(body))

    def ask_text(self, method, path, text):
        """Do the same with a body that may be no JSON."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(HOST, self.port, timeout=self.timeout)
        headers = {"Content-Type": "application/json"} if text is not None else {}
        try:
            self.connection.request(method, path, text, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionError("no answer") from error
        return answer.status, json.loads(content or "null"), answer.headers

    def submit(self, *names):
        status, results, _ = self.post("/jobs", {"jobs": [{"operation": "ADD", "target": name} for name in names]})
        assert status == 200, results
        return [result["job_id"] for result in results]

    def claim(self, **asked):
        status, body, _ = self.post("/claims", {"kind": "dataset", "worker": "w", **asked})
        assert status == 200, body
        return body["claims"]

    def finish(self, claims):
        """End these jobs well; give how many of the ends were taken."""
        done = [{"claimId": each["claimId"], "jobId": each["job"]["jobId"], "status": "completed"} for each in claims]
        return sum(result["ok"] for result in self.patch("/claims", {"updates": done})[1]["results"])


def at_once(count, work):
    """Run `work` with each number in a thread of its own; give the results, or raise what one raised."""
    results: list = [None] * count
    faults: list = []

    def run(number):
        try:
            results[number] = work(number)
        except BaseException as fault:  # noqa: BLE001  it is raised again below
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    if faults:
        raise faults[0]
    return results


def url_of(mongod_url, database):
    """Give the connection string of another database of the same mongod."""
    return urlunsplit(urlsplit(mongod_url)._replace(path=f"/{database.name}"))
