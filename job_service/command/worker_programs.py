"""What the commands share whose workers run other programs."""

import os
import shutil

import click


def found(program: str) -> str:
    """Give the path of a program; a usage error where there is none, before any job is taken."""
    path = shutil.which(program)
    if path is None:
        raise click.UsageError(f"There is no program {program!r} here that can be run.")
    return path


def environment_without_credentials() -> dict[str, str]:
    """Give the shell's variables for a program, which has no business with the worker's token."""
    return {name: value for name, value in os.environ.items() if name != "JOB_SERVICE_TOKEN"}
