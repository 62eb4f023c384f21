"""`job-service backup` and `restore`: the database in one file, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from job_service.embedded.errors import CannotRun
from job_service.lifecycle.errors import JobServiceError, Unavailable
from job_service.settings import Settings, SettingsError

_FILE = click.Path(dir_okay=False, path_type=Path)
_data_dir = click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Instead of MONGODB_URL: the folder of a `serve` with a private MongoDB, which must not be running.",
)


@click.command()
@click.argument("file", type=_FILE)
@_data_dir
def backup(*, file: Path, data_dir: Path | None) -> None:
    """Copy the database of MONGODB_URL, as it is at one moment, into FILE; the service may go on meanwhile.

    \b
    Example:
      MONGODB_URL='mongodb://db1,db2,db3/jobdb?replicaSet=rs0' job-service backup jobs.ndjson.gz

    FILE is compressed NDJSON. It holds what the database holds, also keys that were made there and digests of tokens;
    so only its owner may read it.
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    from job_service.mongo.keeping.backup import write_backup

    with _database(data_dir) as database:
        _print_counts("Copied", write_backup(database, file, datetime.now(UTC)))


@click.command()
@click.argument("file", type=_FILE)
@_data_dir
def restore(*, file: Path, data_dir: Path | None) -> None:
    """Put FILE, which `job-service backup` has made, into the database of MONGODB_URL, which must be empty.

    \b
    Example:
      MONGODB_URL='mongodb://db1,db2,db3/restored?replicaSet=rs0' job-service restore jobs.ndjson.gz

    Start the service afterwards. Jobs that were held when FILE was made come back when their leases are over.
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    from job_service.families import STORES
    from job_service.mongo.keeping.restoring import restore_backup

    indexes = [store.indexes for store in STORES]
    with _database(data_dir) as database:
        _print_counts("Restored", restore_backup(database, file, datetime.now(UTC), indexes))


@contextmanager
def _database(data_dir: Path | None) -> Iterator[Any]:
    """Open the database; its errors end the command with a sentence."""
    from job_service.mongo.database.client import connect, open_database

    with _sentences():
        settings = Settings.from_environment()
        with (
            _url(settings, data_dir) as (url, user, password),
            _naming(data_dir or f"{settings.shown_mongodb_url} (MONGODB_URL)"),
            connect(url, user, password, pool_size=4) as client,
        ):
            yield open_database(client, url)


@contextmanager
def _url(settings: Settings, data_dir: Path | None) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield a URL, a user and a password; a private MongoDB runs during the block."""
    if data_dir is None:
        secret = settings.mongodb_password
        yield settings.mongodb_url, settings.mongodb_user, secret.get_secret_value() if secret else None
        return
    from job_service.embedded.mongod import PrivateMongod
    from job_service.mongo.database.replica_set import initiate

    with PrivateMongod(data_dir) as mongod:
        mongod.start(initiate)
        yield mongod.url, None, None


@contextmanager
def _naming(place: object) -> Iterator[None]:
    """End the command, on the driver's errors, with a sentence that names the database."""
    from job_service.mongo.database.availability import reason, telling_unavailable

    try:
        with telling_unavailable():
            yield
    except Unavailable as error:
        raise click.ClickException(f"The database at {place} does not answer as it should: {reason(error)}") from error


@contextmanager
def _sentences() -> Iterator[None]:
    from job_service.mongo.database.client import UnusableUrl

    try:
        yield
    except JobServiceError as error:
        raise click.ClickException(error.message) from error
    except (SettingsError, CannotRun, UnusableUrl) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'The file'}: {error.strerror}") from error


def _print_counts(verb: str, counts: dict[str, int]) -> None:
    jobs = f"{counts.get('inprogress', 0)} jobs in progress, {counts.get('completed', 0)} that have ended"
    click.echo(f"{verb} {sum(counts.values())} documents: {jobs}")
