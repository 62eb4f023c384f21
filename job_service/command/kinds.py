"""`job-service kinds`: kinds of job as files, kept beside the code that works on them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import yaml

from job_service.client import JobServiceClient
from job_service.client.errors import NotFound
from job_service.client.kinds import Kind
from job_service.command.asking import asks, show_json, show_table
from job_service.command.completing import defined_kinds, kind_names

_SUFFIXES = {".json", ".yaml", ".yml"}


@click.group()
def kinds() -> None:
    """Define kinds of job, and look at those that there are.

    \b
    Examples:
      job-service kinds apply thumbnail.yaml
      job-service kinds apply ./kinds --dry-run
      job-service kinds list
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself


@kinds.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@asks
def apply(client: JobServiceClient, *, path: Path, dry_run: bool) -> None:
    """Make or replace the kinds of a file, or of each file of a folder; YAML or JSON.

    A file holds a definition, and its name names the kind, unless the file says `name`.

    \b
    Examples:
      job-service kinds apply thumbnail.yaml
      job-service kinds apply ./kinds --dry-run
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    for name, definition in [each for file in _files(path) for each in definitions(file)]:
        before = _there(client, name)
        if before is not None and _definition(before) == definition:
            click.echo(f"{name} unchanged")
            continue
        if not dry_run:
            # Unconditional writes would undo what somebody else has just changed.
            client.kinds.put(name, definition, revision=before.revision if before else None)
        did = "created" if before is None else f"changed ({', '.join(_differing(_definition(before), definition))})"
        click.echo(f"{name} {'would be ' if dry_run else ''}{did}")


@kinds.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def list_kinds(client: JobServiceClient, *, as_json: bool) -> None:
    """List the kinds, the service's own first.

    \b
    Example:
      job-service kinds list
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    found = client.kinds.list()
    if as_json:
        show_json(found)
        return
    rows = [(one.name, one.revision, "family" if one.family else "", one.description or "") for one in found]
    show_table("Kinds", ["name", "revision", "", "description"], rows)


@kinds.command()
@click.argument("name", shell_complete=kind_names)
@asks
def show(client: JobServiceClient, *, name: str) -> None:
    """Print a kind as JSON.

    \b
    Example:
      job-service kinds show thumbnail
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    show_json(client.kinds.get(name))


@kinds.command()
@click.argument("name", shell_complete=defined_kinds)
@asks
def delete(client: JobServiceClient, *, name: str) -> None:
    """Delete a kind of which no job is alive; its ended jobs stay readable.

    \b
    Example:
      job-service kinds delete thumbnail
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    client.kinds.delete(name)
    click.echo(f"OK, {name} deleted")


def _files(path: Path) -> list[Path]:
    """Return the file, or those of a folder, by name."""
    return sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES) if path.is_dir() else [path]


def definitions(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the definition of each document of a file; JSON is YAML, too. Raises ClickException."""
    try:
        documents = [document for document in yaml.safe_load_all(file.read_text()) if document is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is neither YAML nor JSON: {error}") from error
    for document in documents:
        if not isinstance(document, dict):
            raise click.ClickException(f"{file}: a definition is an object")
        definition = dict(document)
        yield str(definition.pop("name", file.stem)), definition


def _there(client: JobServiceClient, name: str) -> Kind | None:
    try:
        return client.kinds.get(name)
    except NotFound:
        return None


def _definition(kind: Kind) -> dict[str, Any]:
    return kind.model_dump(by_alias=True, exclude_none=True, exclude={"name", "revision", "family"})


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
