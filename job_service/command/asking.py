"""Code shared by the commands that call a service: its URL, the token, and the output of answers and errors."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec

import click
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from job_service.client import JobServiceClient
from job_service.client.errors import JobServiceError, Unreachable
from job_service.logs import harmless

P = ParamSpec("P")

_WIDTH_OF_A_FILE = 200
_ANY_WIDTH = 1_000_000


def default_url() -> str:
    """Return the URL of a service on this machine; PORT is its port, as for `serve` and in the container."""
    return f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"


#: The option `--url` of every command that calls a service.
url_option = click.option(
    "--url",
    envvar="JOB_SERVICE_URL",
    show_envvar=True,
    default=default_url,
    show_default="port PORT, or 8000, of this machine",
    help="The service.",
)


def without_login(url: str) -> str:
    """Return a URL without user and password."""
    return re.sub(r"//[^/]*@", "//", url)


def asks(command: Callable[Concatenate[JobServiceClient, P], None]) -> Callable[..., None]:
    """Give a command the options `--url` and `--token`, and a client made of them; an error ends it with status 1."""

    @url_option
    @click.option("--token", envvar="JOB_SERVICE_TOKEN", show_envvar=True, help="Who asks.")
    def ask(url: str, token: str | None, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with JobServiceClient(url, token) as client:
                command(client, *args, **kwargs)
        except Unreachable as silence:
            raise click.ClickException(f"{without_login(url)} does not answer: {silence}") from silence
        except JobServiceError as refusal:
            raise click.ClickException(str(refusal)) from refusal

    return update_wrapper(ask, command)


def show_json(value: object) -> None:
    """Print a value as JSON: on one line, or indented on a terminal."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(_plain(value), ensure_ascii=False, default=str, indent=indent))


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows for people; values of jobs are shown as text, never as markup or control characters.

    On a narrow terminal the frame and empty columns are left out; other columns continue below, and only the
    first column, which names the row, stays on its line. Nothing is cut.
    """
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE)
    cells = [[as_text(cell) for cell in row] for row in rows]
    table = _table(title, columns, cells)
    if table.__rich_measure__(console, console.options.update(max_width=_ANY_WIDTH)).maximum > console.width:
        said = [place for place in range(len(columns)) if any(row[place] for row in cells)]
        table = _table(title, [columns[place] for place in said], [[row[place] for place in said] for row in cells])
        table.box, table.padding = None, (0, 1, 0, 0)
    console.print(table)


def _table(title: str, columns: Sequence[str], cells: Iterable[Sequence[Text]]) -> Table:
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in cells:
        table.add_row(*row)
    return table


def moment(at: datetime | None) -> str:
    """Return a time for people, with its zone."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""


def as_text(value: object) -> Text:
    """Return a cell with control characters escaped."""
    return Text("" if value is None else harmless(str(value)))


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
