"""Names of files as text: a site has bytes, JSON and databases have Unicode, and each has to find the other again.

UTF-8 is read as what it is, and nothing is normalized. A byte that is not UTF-8 becomes the character U+EF00 plus the
byte, of the private use area, as in MirBSD's OPTU encodings; Python's own escape, half a surrogate pair, can be neither
stored nor read by every parser. A name that has such a character of its own gets its three bytes written in this way.
"""

_BYTES = range(0x80, 0x100)
_OWN = {0xEF00 + byte: "".join(chr(0xEF00 + part) for part in chr(0xEF00 + byte).encode()) for byte in _BYTES}
_TO_TEXT: dict[int, str | int] = {**_OWN, **{0xDC00 + byte: 0xEF00 + byte for byte in _BYTES}}
_TO_BYTES = {0xEF00 + byte: 0xDC00 + byte for byte in _BYTES}


def text_of(name: bytes) -> str:
    """Read a name, or a path, as a site has it; two different ones are never the same text."""
    return name.decode(errors="surrogateescape").translate(_TO_TEXT)


def bytes_of(text: str) -> bytes:
    """Write a text as the name, or the path, that a site has."""
    return text.translate(_TO_BYTES).encode(errors="surrogateescape")
