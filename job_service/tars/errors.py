"""Errors in reading tars. Their messages have only characters that are safe in JSON and on a terminal."""

SHOWN_CHARACTERS = 100


class BrokenTar(Exception):
    """The file is no uncompressed tar, has a member that leads outside, or exceeds a limit; the text says which."""


class UnfinishedTar(BrokenTar):
    """The end of the tar is missing: it is being written, or was cut off."""

    def __init__(self) -> None:
        super().__init__("Not a whole tar: its end is missing")


def shown(name: str) -> str:
    """Return a name from a tar for a message: quoted, shortened, in printable characters."""
    return ascii(name) if len(name) <= SHOWN_CHARACTERS else ascii(name[:SHOWN_CHARACTERS]) + "..."
