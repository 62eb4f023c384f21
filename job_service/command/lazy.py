"""Command groups that import a subcommand only when it is used, since subcommands need different packages."""

from importlib import import_module

import click


class LazyGroup(click.Group):
    """A group whose subcommands are given as `module:function`."""

    def __init__(self, *args: object, subcommands: dict[str, str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own arguments, handed on
        self._places = subcommands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the subcommands."""
        return sorted(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  as above
        """Import a subcommand."""
        if cmd_name not in self._places:
            return None
        module, name = self._places[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command
