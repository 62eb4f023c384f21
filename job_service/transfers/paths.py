"""Paths as the work queue compares them, and names whose bytes are not UTF-8 on their way through JSON."""

import re

#: Python's escape of a byte that is not UTF-8, and escapes in JSON that look like one.
_LONE_BYTE = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][cC]([89a-fA-F][0-9a-fA-F])"
)


def normal(path: str) -> str:
    """Return a path, absolute or from `~`, without `.` and empty segments.

    `..` stays, since the name before it may be a link's, which only the file system can resolve. Workers
    spell the folders of their listings in the same way (`job_service/worker/transfers/paths.py`).
    """
    names = [name for name in path.split("/") if name not in {"", "."}]
    if path.startswith("/"):
        return "/" + "/".join(names)
    return "/".join(names if path.startswith("~") else ["~", *names])


def join(folder: str, name: str) -> str:
    """Return the path of a name in a folder; for an empty name, the folder with a slash at its end."""
    return f"{folder.rstrip('/')}/{name}"


def respelled(body: bytes) -> bytes:
    r"""Replace Python's escapes of bytes that are not UTF-8 by characters that every JSON parser accepts.

    Python writes `\udce9` for the byte E9, half a pair that neither BSON nor a strict parser knows. It becomes U+EFE9,
    of the private use area, as our own worker encodes it.
    """
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _LONE_BYTE.sub(lambda found: b"\\uef" + found[1] if found[1] else found[0], body)
