"""`job-service worker conversions`: a program for the documents of a source."""

import shlex

import click

from job_service.command.worker_options import WorkerOptions, run_worker, worker_options
from job_service.command.worker_programs import environment_without_credentials, found
from job_service.worker.conversions.converter import Converter
from job_service.worker.conversions.handler import ConverterTerms, converts


def command_line(_ctx: click.Context, param: click.Parameter, value: str) -> list[str]:
    """Split a program and its arguments, quoted as for a shell; none reads it."""
    try:
        command = shlex.split(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no command: {error}", param=param) from error
    if not command:
        raise click.BadParameter("there is no program in it", param=param)
    return [found(command[0]), *command[1:]]


@click.command()
@click.option("--source", help="Take the jobs of this source only; those of any otherwise.")
@click.option(
    "--exec",
    "command",
    required=True,
    metavar="CMD",
    callback=command_line,
    help="The program: it reads the document from standard input and says by exit status 0 that it is done.",
)
@click.option(
    "--check-seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1),
    help="How often to ask whether the job is still active; the program is stopped when it is not.",
)
@click.option(
    "--retry/--no-retry",
    default=True,
    show_default=True,
    help="Whether a job whose program failed is tried again, while it has tries left.",
)
@worker_options
def conversions(
    options: WorkerOptions, source: str | None, command: list[str], check_seconds: float, retry: bool
) -> None:
    """Pipe the document of each job to a program.

    The program finds JOB_ID, JOB_SOURCE and JOB_ATTEMPT in its environment. Its last lines become the job's log.

    \b
    Example:
      job-service worker conversions --source altinn3 --exec 'python convert.py --verbose'
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
    with options.client() as client:
        terms = ConverterTerms(Converter(command, environment_without_credentials()), check_seconds, retry)
        run_worker(options, lambda worker: converts(worker, client, terms, source))
