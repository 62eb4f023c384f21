"""`job-service completion`: the scripts for shell completion."""

import click
from click.shell_completion import get_completion_class

_PROGRAM = "job-service"
_VARIABLE = "_JOB_SERVICE_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "fish", "zsh"]))
@click.pass_context
def completion(ctx: click.Context, *, shell: str) -> None:
    """Print the script that lets a shell complete this command.

    Put the line for your shell into its file; it holds from the next shell on.

    \b
    Examples:
      source <(job-service completion bash)                 in ~/.bashrc
      source <(job-service completion zsh)                  in ~/.zshrc, after compinit
      job-service completion fish | source                  in ~/.config/fish/config.fish
    """  # noqa: D301  click's mark for a block to leave as it is is the character itself
    made = get_completion_class(shell)
    if made is None:
        raise click.ClickException(f"There is no completion for {shell}")
    click.echo(made(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
