"""The line of `serve` on standard output: the service's URL."""

import logging
import sys

import click

from job_service import logs

_LOG = logging.getLogger(__name__)


def announce(url: str) -> None:
    """Print the service's URL on standard output: a sentence for people, a JSON line for programs."""
    sentence = f"The job service answers at {url} (Ctrl-C ends it)"
    if logs.Asked.from_environment().is_text_on(sys.stdout):
        click.echo(sentence)
    else:
        record = _LOG.makeRecord(_LOG.name, logging.INFO, "", 0, sentence, (), None, extra={"url": url})
        click.echo(logs.JsonLines().format(record))
    sys.stdout.flush()
