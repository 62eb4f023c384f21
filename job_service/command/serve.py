"""`job-service serve`: the web server, a private database unless another is configured, and companion processes."""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import click

from job_service import logs
from job_service.command import gunicorn_config
from job_service.command.listening import environment_for, listen, url_of, when_alive
from job_service.command.sample import make_input_folder
from job_service.command.speaking import announce
from job_service.command.supervision import Events, KeptUp, interruptible, supervise
from job_service.embedded.errors import CannotRun
from job_service.embedded.kept import Kept, Program, Restarts
from job_service.embedded.mongod import PrivateMongod
from job_service.embedded.process import ending, spawn
from job_service.settings import Settings, SettingsError

APP = "job_service.wsgi:app"
CONFIG = f"python:{gunicorn_config.__name__}"
# Longer than gunicorn's own grace for its workers, with a moment for gunicorn itself.
WEB_GRACE = gunicorn_config.graceful_timeout + 5.0
COMPANION_GRACE = 10.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServeSettings:
    """The arguments of `serve`; `port` is the real one once the service listens."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = gunicorn_config.workers
    threads: int = gunicorn_config.threads
    data_dir: Path = Path(".job-service")
    sample: bool = False
    with_workers: bool = True


def companions(settings: ServeSettings) -> list[list[str]]:
    """Return the command lines of companion processes.

    Companions start once the service answers, find it at JOB_SERVICE_URL, and are ended before it: SIGTERM, then ten
    seconds. A companion that ends with exit status 0 has done its work; any other is restarted.
    """
    command = [sys.executable, "-m", "job_service"]
    commands = []
    if settings.sample:
        folder = ["--input-dir", str(make_input_folder(settings.data_dir))]
        commands.append([*command, "sample", *folder])
        if settings.with_workers:
            commands.append([*command, "worker", "datasets", *folder])
    if settings.with_workers:
        # `--keep-trying`: without a sandbox the worker would end, be restarted and log that every half minute.
        commands.append([*command, "worker", "code", "--keep-trying"])
    return commands


Companions = Callable[[ServeSettings], list[list[str]]]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    envvar="PORT",
    show_envvar=True,
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port; 0 is any free one.",
)
@click.option(
    "--workers",
    default=gunicorn_config.workers,
    show_default=True,
    type=click.IntRange(1),
    help="Processes of the web server.",
)
@click.option(
    "--threads",
    envvar="THREADS",
    default=gunicorn_config.threads,
    show_default=True,
    type=click.IntRange(1),
    help="Threads of each.",
)
@click.option(
    "--data-dir",
    default=".job-service",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the private MongoDB keeps its data when MONGODB_URL names no other.",
)
@click.option("--sample/--no-sample", default=False, show_default=True, help="Fill in sample jobs.")
@click.option("--no-workers", is_flag=True, help="Start no workers beside the service.")
def serve(*, host: str, port: int, workers: int, threads: int, data_dir: Path, sample: bool, no_workers: bool) -> None:
    """Run the service until Ctrl-C or SIGTERM, which let it finish what it is doing.

    \b
    Examples:
      job-service serve
      job-service serve --port 8001 --sample
      MONGODB_URL=mongodb://db:27017/jobdb job-service serve --host 0.0.0.0 --workers 4
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    settings = ServeSettings(host, port, workers, threads, data_dir, sample, with_workers=not no_workers)
    try:
        run(settings)
    except CannotRun as problem:
        raise click.ClickException(str(problem)) from problem


def run(settings: ServeSettings, app: str = APP, companions: Companions = companions) -> None:
    """Serve `app` until a stop signal comes. Raises CannotRun with a sentence; child processes are ended either way.

    A second signal during the stop kills the process that is being waited for.
    """
    try:
        with interruptible(), ExitStack() as until_the_end:
            _Service(settings, companions, until_the_end).run(app)
    except KeyboardInterrupt:
        # A stop signal during the start is a normal end.
        return


class _Service:
    """One run of `serve`; `until_the_end` ends its child processes, in the reverse order of their start."""

    def __init__(self, settings: ServeSettings, companions: Companions, until_the_end: ExitStack) -> None:
        self._companions = companions
        self._until_the_end = until_the_end
        self._listener = until_the_end.enter_context(listen(settings.host, settings.port))
        self._settings = replace(settings, port=self._listener.getsockname()[1])
        self._events = Events()
        self._kept: list[KeptUp] = []

    def run(self, app: str) -> None:
        told = {"JOB_SERVICE_HOST": self._settings.host, "THREADS": str(self._settings.threads)}
        if self._settings.sample:
            told["INPUT_DIR"] = str(make_input_folder(self._settings.data_dir))
        environment = dict(os.environ) | told
        _begin_log(environment)
        if not environment.get("MONGODB_URL"):
            # A user configured for another database must not replace the one in the URL.
            environment = _without(environment, "MONGODB_") | {"MONGODB_URL": self._start_mongod()}
        self._keep(_web_server(self._settings, app, self._listener, environment))
        # Close this process's copy of the socket, so that the address is free as soon as the web server stops.
        self._until_the_end.callback(self._listener.close)
        self._tell_when_alive()
        signum = supervise(self._kept, self._events)
        _LOG.info("The job service stops (%s)", signum.name)

    def _start_mongod(self) -> str:
        from job_service.mongo.database.replica_set import initiate

        mongod = self._until_the_end.enter_context(PrivateMongod(self._settings.data_dir))
        mongod.start(initiate)
        self._kept.append(mongod)
        return mongod.url

    def _keep(self, program: Program) -> None:
        self._kept.append(self._until_the_end.enter_context(Kept(program)))

    def _tell_when_alive(self) -> None:
        stop = threading.Event()
        self._until_the_end.callback(stop.set)
        when_alive(self._listener, stop, lambda: self._events.put(self._go_on))

    def _go_on(self) -> None:
        """Start the parts that need a running service."""
        url = url_of(self._listener)
        announce(url)
        # Companions use HTTP alone, and get neither the database's URL nor the server's secrets.
        environment = environment_for(url, _without(dict(os.environ), "MONGODB_", "SECRETS_FILE"))
        for command in self._companions(self._settings):
            self._keep(_companion(command, environment))


def _begin_log(environment: dict[str, str]) -> None:
    """Refuse invalid settings before any process starts; otherwise each web worker would report them."""
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as problem:
        raise CannotRun(str(problem)) from problem
    logs.configure(settings.log, settings.about)


def _without(environment: dict[str, str], *prefixes: str) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(prefixes)}


def _web_server(settings: ServeSettings, app: str, listener: socket.socket, environment: dict[str, str]) -> Program:
    descriptor = listener.fileno()
    numbers = ["--bind", f"fd://{descriptor}", "--workers", str(settings.workers), "--threads", str(settings.threads)]
    command = [sys.executable, "-m", "gunicorn", "--config", CONFIG, *numbers, app]

    def start() -> subprocess.Popen[bytes]:
        return spawn(command, environment=environment, keep=(descriptor,))

    def explain(returncode: int) -> str:
        return f"The web server ended ({ending(returncode)}); what it says above is why."

    return Program("The web server", start, Restarts(longest=10.0, failures=1), explain, WEB_GRACE)


def _companion(command: list[str], environment: dict[str, str]) -> Program:
    name = " ".join(command).replace(f"{sys.executable} -m job_service", "job-service")

    def start() -> subprocess.Popen[bytes]:
        return spawn(command, environment=environment)

    def explain(returncode: int) -> str:
        return f"{name} ended ({ending(returncode)})."

    return Program(name, start, Restarts(longest=30.0), explain, COMPANION_GRACE, may_finish=True)
