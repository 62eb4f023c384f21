"""A service that knows a few jobs, on a socket, and workers of the command line that do them."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager

from werkzeug.serving import make_server

from tests.system.programs.processes import DEADLINE
from tests.unit.worker.fake_service import FakeService

COMMAND = [sys.executable, "-c", "from job_service.command.worker import worker; worker()"]


class Boss(FakeService):
    """Also answers what converters ask: a job that an administrator has ended is not active, and nobody's."""

    def app(self, environ, start_response):
        if environ["REQUEST_METHOD"] != "HEAD":
            return super().app(environ, start_response)
        held = self.jobs[environ["PATH_INFO"].rpartition("/")[2]]
        start_response("200 OK" if held.state == "running" else "404 Not Found", [])
        return iter([])

    def end(self, held):
        with self.changed:
            held.state, held.claim_id = "completed", None
            self.changed.notify_all()


@contextmanager
def serving(boss):
    server = make_server("127.0.0.1", 0, boss.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(DEADLINE)
        server.server_close()


@contextmanager
def working(url, *arguments):
    environment = os.environ | {"JOB_SERVICE_URL": url, "JOB_SERVICE_TOKEN": "secret-token"}
    with subprocess.Popen([*COMMAND, *arguments], env=environment, stderr=subprocess.PIPE, text=True) as worker:
        try:
            yield worker
        finally:
            worker.kill()
