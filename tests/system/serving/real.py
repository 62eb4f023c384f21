"""The service itself as a process: gunicorn with the application, on the tests' mongod."""

import subprocess
import sys
import uuid
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import httpx

from tests.system.serving.service import environment_with, first_line
from tests.system.serving.waiting import until

SERVE = [sys.executable, "-c", "from job_service.command.main import main; main()", "serve"]
OPTIONS = ["--port", "0", "--workers", "1", "--threads", "8", "--no-workers"]


@contextmanager
def real_service(mongo_client, mongod_url, **environment):
    """Give a client of a service with a database of its own."""
    name = f"test_{uuid.uuid4().hex}"
    database = urlunsplit(urlsplit(mongod_url)._replace(path=f"/{name}"))
    told = environment_with({"MONGODB_URL": database, **environment})
    with subprocess.Popen([*SERVE, *OPTIONS], env=told, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = next(word for word in first_line(process).split() if word.startswith("http://"))
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
                until(lambda: http.get("/health/ready").status_code == 200)
                yield http
        finally:
            process.terminate()
            process.communicate(timeout=60)
            mongo_client.drop_database(name)
