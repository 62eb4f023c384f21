"""Why a tar cannot be read. No message has a character that JSON or a terminal would not take."""

SHOWN_CHARACTERS = 100


class BrokenTar(Exception):
    """No uncompressed tar of files, folders and links that stay inside, or one beyond a limit; the text says why."""


class UnfinishedTar(BrokenTar):
    """The end of the tar is missing: it is being written, or was cut off."""

    def __init__(self) -> None:
        super().__init__("Not a whole tar: its end is missing")


def shown(name: str) -> str:
    """Return a name from a tar as it may stand in a message: quoted, short and in characters that can be printed."""
    return ascii(name) if len(name) <= SHOWN_CHARACTERS else ascii(name[:SHOWN_CHARACTERS]) + "..."
