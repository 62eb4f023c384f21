"""Code shared by the commands of workers that run other programs."""

import os
import shutil

import click


def found(program: str) -> str:
    """Return the path of a program; raises a usage error where there is none, before any job is claimed."""
    path = shutil.which(program)
    if path is None:
        raise click.UsageError(f"There is no program {program!r} here that can be run.")
    return path


def environment_without_credentials() -> dict[str, str]:
    """Return the environment for a program, without the worker's token."""
    return {name: value for name, value in os.environ.items() if name != "JOB_SERVICE_TOKEN"}
