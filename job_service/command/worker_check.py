"""`job-service worker-check`: runs any worker program against a service of its own and says which rules it keeps."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from rich.console import Console

from job_service.client import JobServiceClient, JobServiceError
from job_service.command.kinds import definitions
from job_service.command.listening import environment_for
from job_service.command.private_service import PrivateService, private_service
from job_service.worker.conformance import LEASE_VARIABLE, WORK_VARIABLE, Check, Finding, NotTaken
from job_service.worker.recording_proxy import RecordingProxy

LEASE_SECONDS = 5
WORK_SECONDS = 6
#: Parameters of the dataset jobs that are given to a worker where no kind is named.
DATASET = '{"operation": "ADD", "target": "CHECK_{n}"}'
MARKS = {"kept": "[green]kept[/]", "broken": "[red]broken[/]", "undecided": "[yellow]undecided[/]"}


@dataclass(slots=True)
class CheckedWorker:
    """The environment of a check: the service, the worker, and the recorded requests between them."""

    client: JobServiceClient
    seen: RecordingProxy
    service: PrivateService
    process: subprocess.Popen[bytes]
    lease_seconds: int = LEASE_SECONDS
    work_seconds: int = WORK_SECONDS
    output: list[str] = field(default_factory=list)

    def restart_service(self) -> None:
        """Stop the service and start it again with the same data and URL."""
        self.service.stop()
        self.service.start()

    def signal_worker(self, number: int) -> None:
        """Send a signal to the worker and its child processes."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop_worker(self) -> None:
        """Send SIGTERM to the worker, and to no other process, as containers do."""
        self.process.terminate()

    def worker_exit(self, seconds: float) -> int | None:
        """Wait for the worker's end; return the exit status, None while it runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


@contextmanager
def _ground(command: tuple[str, ...], kind: str, definition: Mapping[str, Any] | None) -> Iterator[CheckedWorker]:
    """Run a service that has the kind, a proxy before it and the worker during the block."""
    with (
        tempfile.TemporaryDirectory(prefix="job-service-check-") as folder,
        private_service(Path(folder)) as service,
        RecordingProxy(service.url) as seen,
        JobServiceClient(service.url) as client,
    ):
        if definition is not None:
            client.kinds.put(kind, {**definition, "leaseSeconds": LEASE_SECONDS})
        yield from _with_worker(command, client, seen, service)


def _with_worker(
    command: tuple[str, ...], client: JobServiceClient, seen: RecordingProxy, service: PrivateService
) -> Iterator[CheckedWorker]:
    told = environment_for(seen.url, os.environ) | {
        LEASE_VARIABLE: str(LEASE_SECONDS),
        WORK_VARIABLE: str(WORK_SECONDS),
    }
    try:
        process = subprocess.Popen(command, env=told, start_new_session=True, stdout=sys.stderr)
    except OSError as error:
        raise click.ClickException(f"{command[0]} cannot be started: {error.strerror}") from error
    worker = CheckedWorker(client, seen, service, process)
    try:
        yield worker
    finally:
        worker.signal_worker(signal.SIGKILL)
        process.wait()


def _kind_of(file: Path) -> tuple[str, dict[str, Any]]:
    """Return the name and the definition of the one kind of a file. Raises ClickException."""
    found = list(definitions(file))
    if len(found) != 1:
        raise click.ClickException(f"{file} has to define one kind, and defines {len(found)}")
    return found[0]


def _json(_context: click.Context, _option: click.Parameter, text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"this is no JSON: {error}") from error
    return text


@contextmanager
def _told_in_a_sentence() -> Iterator[None]:
    """Raise a ClickException where the service refuses the kind or a job of the check."""
    try:
        yield
    except (JobServiceError, NotTaken) as refusal:
        raise click.ClickException(str(refusal)) from refusal


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """Raise SystemExit on a signal, so that all child processes are ended."""
    sys.exit(1)


@click.command("worker-check", context_settings={"ignore_unknown_options": True})
@click.option(
    "--kind",
    "definition",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that defines the kind of its jobs, as for `kinds apply`; left out, they are dataset jobs.",
)
@click.option(
    "--parameters",
    default=DATASET,
    show_default=True,
    callback=_json,
    help="Those of its jobs, in JSON; {n} in it is another number for each job.",
)
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def worker_check(*, definition: Path | None, parameters: str, as_json: bool, command: tuple[str, ...]) -> None:
    """Say whether a worker program keeps the rules of the claims API.

    COMMAND is started with JOB_SERVICE_URL set to a private service that ends with the check. Each job is to take it
    about six seconds: JOB_SERVICE_CHECK_WORK_SECONDS says so, or your --parameters do. Leases last five: those of a
    kind of yours do so by themselves, for dataset jobs JOB_SERVICE_CHECK_LEASE_SECONDS says so. The exit status is 0
    when every rule is kept. It takes about two minutes.

    \b
    Examples:
      job-service worker-check -- python my_worker.py
      job-service worker-check --kind greeting.yaml --parameters '{"name": "Ann", "times": 6}' -- ./my_worker.sh
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
    signal.signal(signal.SIGTERM, _end)
    findings: list[Finding] = []
    console = Console(stderr=as_json)
    kind, body = ("dataset", None) if definition is None else _kind_of(definition)
    with _told_in_a_sentence(), _ground(command, kind, body) as ground:
        for finding in Check(ground, kind, parameters).run():
            findings.append(finding)
            console.print(f"{MARKS[finding.verdict]}  {finding.rule}. {finding.why}", highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    if any(finding.verdict != "kept" for finding in findings):
        raise SystemExit(1)
