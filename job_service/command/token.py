"""`job-service token`: credentials for programs, people and the users of transfers."""

import click

from job_service.client import JobServiceClient
from job_service.command.asking import asks, moment, show_json, show_table


@click.group()
def token() -> None:
    """Make, list and revoke tokens. The first one turns credentials on: from then on every route but health wants one.

    \b
    Examples:
      job-service token create ops --role admin
      job-service token create importer-1 --role work
      job-service token create alice --user 12          for the X-Token of transfers
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself


@token.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, type=click.Choice(["submit", "work", "view", "operate", "admin"]))
@click.option("--user", type=click.IntRange(1), help="The number of a user of the transfers, instead of roles.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def create(client: JobServiceClient, *, name: str, roles: tuple[str, ...], user: int | None, as_json: bool) -> None:
    """Make a token and print it; it is shown this once.

    \b
    Examples:
      job-service token create importer-1 --role work
      job-service token create alice --user 12
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    if bool(roles) == (user is not None):
        raise click.UsageError("Either --role or --user is required")
    made = client.tokens.create(name, list(roles)) if user is None else client.tokens.create_for_user(name, user)
    if as_json:
        show_json(made)
    else:
        click.echo(made.token)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@asks
def list_tokens(client: JobServiceClient, *, as_json: bool) -> None:
    """List tokens, without their secrets.

    \b
    Example:
      job-service token list
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    found = client.tokens.list()
    if as_json:
        show_json(found)
        return
    rows = [(one.name, ", ".join(one.roles), moment(one.created_at), moment(one.last_used_at)) for one in found]
    show_table("Tokens", ["name", "roles", "made", "last used"], rows)


@token.command()
@click.argument("name")
@asks
def revoke(client: JobServiceClient, *, name: str) -> None:
    """End a token.

    \b
    Example:
      job-service token revoke importer-1
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    client.tokens.revoke(name)
    click.echo(f"OK, {name} revoked")
