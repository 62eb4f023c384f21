"""`job-service worker code`: programs of users."""

import click

from job_service.command.worker_options import WorkerOptions, run_worker, worker_options
from job_service.worker.code import Executor, runs_code
from job_service.worker.lambda_executor import LambdaExecutor
from job_service.worker.sandbox.errors import SandboxUnavailable
from job_service.worker.sandbox.execution import Limits
from job_service.worker.sandbox.local import LocalExecutor


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
@worker_options
def code(options: WorkerOptions, executor: str, timeout: float, function: str | None, region: str | None) -> None:
    """Run user-written Python: in a sandbox (bubblewrap), or by an AWS Lambda function.

    Without a sandbox that passes its own test this refuses to start: a program is never run without.

    \b
    Example:
      job-service worker code --concurrency 2
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
    try:
        made = _executor(executor, options.concurrency, timeout, function, region)
    except SandboxUnavailable as missing:
        raise click.ClickException(str(missing)) from missing
    run_worker(options, lambda worker: runs_code(worker, made))


def _executor(name: str, concurrency: int, timeout: float, function: str | None, region: str | None) -> Executor:
    if name == "local":
        return LocalExecutor.create(Limits(seconds=timeout), concurrency=concurrency)
    if not function or not region:
        raise click.UsageError("The executor lambda needs --function and --region")
    return LambdaExecutor(function, region, timeout)
