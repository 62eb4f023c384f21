"""A stand-in for AWS Lambda on loopback: the part of its HTTP interface that boto3 uses, around the real function.

The function runs from the zip that is packed for AWS, in one process that is kept from one invocation to the next, as
Lambda keeps its environments, and is replaced when it dies or overruns the function's own timeout.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from job_service.worker.lambda_function.pack import HANDLER, pack
from job_service.worker.sandbox.interpreter import find_interpreter, readable_by_everyone

RUNTIME = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module), name)

class Context:
    def get_remaining_time_in_millis(self):
        return 60_000

for line in sys.stdin:
    try:
        answer = {"payload": handler(json.loads(line), Context()), "failed": False}
    except Exception as error:
        answer = {"payload": {"errorMessage": str(error), "errorType": type(error).__name__}, "failed": True}
    print(json.dumps(answer), flush=True)
"""
FUNCTION_UID = 61_235
CANARY = "AKIACANARYCANARY"


@dataclass
class Environment:
    """One environment of the function, with the credentials that AWS would give it."""

    program_seconds: float
    function_seconds: float
    process: "subprocess.Popen[str] | None" = None
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="lambda-")))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, event: bytes) -> dict[str, Any]:
        with self.lock:
            process = self._running()
            assert process.stdin
            assert process.stdout
            process.stdin.write(event.decode() + "\n")
            process.stdin.flush()
            if not select.select([process.stdout], [], [], self.function_seconds)[0]:
                self.stop()
                return error(f"2026-01-01T00:00:00.000Z 8f5a Task timed out after {self.function_seconds:.2f} seconds")
            line = process.stdout.readline()
            if not line:
                self.stop()
                return error("RequestId: 8f5a Error: Runtime exited with error: signal: killed")
            return dict(json.loads(line))

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def stop(self) -> None:
        """End it with all that runs in it, as the machine around it would."""
        if self.process:
            for pid in [*descendants(self.process.pid), self.process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with self.process:
                self.process = None

    def _running(self) -> "subprocess.Popen[str]":
        if self.process is None:
            self.process = self._start()
        return self.process

    def _start(self) -> "subprocess.Popen[str]":
        """Start the function as on AWS: an ordinary user in a folder with nothing but its own files."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = {"user": FUNCTION_UID, "group": FUNCTION_UID, "extra_groups": []}
            os.chown(self.folder / "tmp", FUNCTION_UID, FUNCTION_UID)
        pack(self.folder / "function.zip")
        with zipfile.ZipFile(self.folder / "function.zip") as archive:
            archive.extractall(self.folder / "task")
        python = find_interpreter(None, readable_by_everyone).executable
        return subprocess.Popen(
            [str(python), "-I", "-S", "-c", RUNTIME, str(self.folder / "task"), HANDLER],
            env={
                "CODE_SCRATCH": str(self.folder / "tmp"),
                "CODE_TIMEOUT_SECONDS": str(self.program_seconds),
                "AWS_ACCESS_KEY_ID": CANARY,
                "PATH": os.defpath,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            **user,
        )


def descendants(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                yield from descendants(child)
                yield child


def error(message: str) -> dict[str, Any]:
    return {"payload": {"errorMessage": message}, "failed": True}


class LambdaServer(ThreadingHTTPServer):
    """Knows the functions by name: an environment, or what to answer instead."""

    daemon_threads = True

    def __init__(self, functions: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.functions = functions
        self.requests: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: LambdaServer

    def do_POST(self) -> None:
        name = unquote(self.path.split("/")[3])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, body))
        function = self.server.functions.get(name)
        if function is None:
            self.refuse(404, "ResourceNotFoundException")
        elif callable(function):
            function(self)
        else:
            answer = function.invoke(body)
            self.answer(json.dumps(answer["payload"]).encode(), failed=answer["failed"])

    def answer(self, payload: bytes, *, failed: bool = False) -> None:
        self.send_response(200)
        if failed:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def refuse(self, status: int, code: str) -> None:
        body = json.dumps({"Type": "User", "message": "arn:aws:lambda:eu-north-1:123456789012:function:x"}).encode()
        self.send_response(status)
        self.send_header("x-amzn-ErrorType", code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing: what was asked for is in `requests`."""
