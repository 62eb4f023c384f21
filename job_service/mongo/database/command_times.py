"""How long the database takes for each of our commands, as the driver sees it."""

from collections.abc import Callable

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

#: Told the name of a command and how many seconds it took.
TimeCommand = Callable[[str, float], None]

_NAMED = frozenset(
    {"aggregate", "bulkWrite", "count", "delete", "distinct", "find", "findAndModify", "insert", "update"}
)
_OTHER = "other"


class CommandTimes(CommandListener):
    """Tells how long each command took; reading on from a cursor is left out, since a stream of changes waits there."""

    def __init__(self, tell: TimeCommand) -> None:
        self._tell = tell

    def started(self, event: CommandStartedEvent) -> None:
        """Hear of a command that begins."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Hear of a command that was answered."""
        self._heard(event)

    def failed(self, event: CommandFailedEvent) -> None:
        """Hear of a command that was refused, or whose answer is lost."""
        self._heard(event)

    def _heard(self, event: CommandSucceededEvent | CommandFailedEvent) -> None:
        if event.command_name != "getMore":
            name = event.command_name if event.command_name in _NAMED else _OTHER
            self._tell(name, event.duration_micros / 1_000_000)
