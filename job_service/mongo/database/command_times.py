"""Measures the database's commands, as the driver sees them."""

from collections.abc import Callable

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

#: Called with the name of a command and its seconds.
TimeCommand = Callable[[str, float], None]

_NAMED = frozenset(
    {"aggregate", "bulkWrite", "count", "delete", "distinct", "find", "findAndModify", "insert", "update"}
)
_OTHER = "other"


class CommandTimes(CommandListener):
    """Measures each command but `getMore`, in which a change stream waits."""

    def __init__(self, time_command: TimeCommand) -> None:
        self._time_command = time_command

    def started(self, event: CommandStartedEvent) -> None:
        """Ignore the start: the end has the duration."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Report the duration of a successful command."""
        self._heard(event)

    def failed(self, event: CommandFailedEvent) -> None:
        """Report the duration of a command that was refused or whose answer was lost."""
        self._heard(event)

    def _heard(self, event: CommandSucceededEvent | CommandFailedEvent) -> None:
        if event.command_name != "getMore":
            name = event.command_name if event.command_name in _NAMED else _OTHER
            self._time_command(name, event.duration_micros / 1_000_000)
