"""The command `job-service`. Exit status: 0 done, 1 refused or failed, 2 wrong usage."""

import click

from job_service.command.lazy import LazyGroup

_PLACE = "job_service.command"
SUBCOMMANDS = {
    "backup": f"{_PLACE}.backup:backup",
    "completion": f"{_PLACE}.completion:completion",
    "demo": f"{_PLACE}.demo:demo",
    "jobs": f"{_PLACE}.jobs:jobs",
    "kinds": f"{_PLACE}.kinds:kinds",
    "maintenance": f"{_PLACE}.maintenance:maintenance",
    "restore": f"{_PLACE}.backup:restore",
    "sample": f"{_PLACE}.sample:sample",
    "serve": f"{_PLACE}.serve:serve",
    "token": f"{_PLACE}.token:token",
    "worker": f"{_PLACE}.worker:worker",
    "workers": f"{_PLACE}.workers:workers",
    "worker-check": f"{_PLACE}.worker_check:worker_check",
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="job-service")
def main() -> None:
    """Run a job service, work for one, or ask one.

    \b
    Examples:
      job-service demo                        see a job from end to end, with nothing set up
      job-service serve                       a service on this machine, with a MongoDB of its own
      job-service worker datasets --input-dir ./input
      job-service jobs list --state failed --kind all

    JOB_SERVICE_URL and JOB_SERVICE_TOKEN say which service, and who asks.
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
