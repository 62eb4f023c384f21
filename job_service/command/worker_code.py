"""`job-service worker code`: programs of users."""

import logging
import time
from collections.abc import Callable

import click

from job_service.command.worker_options import WorkerOptions, run_worker, worker_options
from job_service.worker.code import Executor, runs_code
from job_service.worker.lambda_executor import LambdaExecutor
from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Limits
from job_service.worker.sandbox.local import LocalExecutor

_LOG = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 300.0


@click.command()
@click.option(
    "--executor",
    envvar="CODE_EXECUTOR",
    show_envvar=True,
    default="local",
    show_default=True,
    type=click.Choice(["local", "lambda"]),
    help="A sandbox on this machine, or AWS Lambda.",
)
@click.option(
    "--timeout",
    envvar="CODE_TIMEOUT_SECONDS",
    show_envvar=True,
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    help="The longest a program may run, in seconds.",
)
@click.option("--function", envvar="LAMBDA_FUNCTION", show_envvar=True, help="The function, for lambda.")
@click.option("--region", envvar="AWS_REGION", show_envvar=True, help="Its region.")
@click.option(
    "--keep-trying",
    is_flag=True,
    help="Where it cannot work yet, say once why and look again at times, instead of refusing to start.",
)
@worker_options
def code(
    options: WorkerOptions,
    *,
    executor: str,
    timeout: float,
    function: str | None,
    region: str | None,
    keep_trying: bool,
) -> None:
    """Run user-written Python: in a sandbox (bubblewrap), or by an AWS Lambda function.

    Without a sandbox that passes its own test this refuses to start: a program is never run without.

    \b
    Example:
      job-service worker code --concurrency 2
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself

    def work() -> None:
        made = _executor(executor, options.concurrency, timeout, function, region)
        run_worker(options, lambda worker: runs_code(worker, made))

    if keep_trying:
        _try_until_done(work)
    else:
        work()


def _try_until_done(work: Callable[[], None]) -> None:
    """Retry until the work can be done; each reason for a failure is logged once."""
    pause, said = FIRST_PAUSE_SECONDS, ""
    while True:
        try:
            return work()
        except click.ClickException as problem:
            reason = problem.format_message()
        if reason != said:
            _LOG.warning("Code jobs wait: %s", reason)
        said = reason
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _executor(name: str, concurrency: int, timeout: float, function: str | None, region: str | None) -> Executor:
    """Return the executor of programs. Raises ClickException with a sentence that says what is missing."""
    if name == "lambda" and not (function and region):
        raise click.UsageError("The executor lambda needs --function (LAMBDA_FUNCTION) and --region (AWS_REGION)")
    try:
        if name == "local":
            return LocalExecutor.create(Limits(seconds=timeout), concurrency=concurrency)
        return LambdaExecutor(function or "", region or "", timeout)
    except SandboxUnavailable as missing:
        raise click.ClickException(str(missing)) from missing
