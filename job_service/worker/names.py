"""Names of files as text: sites have bytes, JSON and databases have Unicode, so both ways have to be lossless.

Valid UTF-8 is decoded, and nothing is normalized. A byte that is not UTF-8 becomes the character U+EF00 plus the
byte, of the private use area, as in MirBSD's OPTU encodings; Python's own escape, half a surrogate pair, can be neither
stored nor read by every parser. Of such a character in a name itself, the three bytes are encoded in this way.
"""

_BYTES = range(0x80, 0x100)
_OWN = {0xEF00 + byte: "".join(chr(0xEF00 + part) for part in chr(0xEF00 + byte).encode()) for byte in _BYTES}
_TO_TEXT: dict[int, str | int] = {**_OWN, **{0xDC00 + byte: 0xEF00 + byte for byte in _BYTES}}
_TO_BYTES = {0xEF00 + byte: 0xDC00 + byte for byte in _BYTES}


def text_of(name: bytes) -> str:
    """Return a name's, or a path's, bytes as text; different names become different texts."""
    return name.decode(errors="surrogateescape").translate(_TO_TEXT)


def bytes_of(text: str) -> bytes:
    """Return a text as a name's, or a path's, bytes: the inverse of `text_of`."""
    return text.translate(_TO_BYTES).encode(errors="surrogateescape")
