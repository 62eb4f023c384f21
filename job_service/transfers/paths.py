"""Paths as the work queue compares them, and names whose bytes are not UTF-8 on their way through JSON."""

import re

#: What Python programs write for the byte of a name that is not UTF-8, beside what else looks like it in JSON.
_LONE_BYTE = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][cC]([89a-fA-F][0-9a-fA-F])"
)


def normal(path: str) -> str:
    """Write a path absolute or from `~`, without what leads nowhere.

    `..` stays: what it leads to is for the file system to say, where the name before it may be that of a link. Workers
    spell the folders of their listings in the same way (`job_service/worker/transfers/paths.py`).
    """
    names = [name for name in path.split("/") if name not in {"", "."}]
    if path.startswith("/"):
        return "/" + "/".join(names)
    return "/".join(names if path.startswith("~") else ["~", *names])


def join(folder: str, name: str) -> str:
    """Return the path of a name in a folder; of an empty name it is the folder with a slash at its end."""
    return f"{folder.rstrip('/')}/{name}"


def respelled(body: bytes) -> bytes:
    r"""Write each byte that a name has instead of UTF-8 in a way that every reader of JSON takes.

    Python writes `\udce9` for the byte E9, half a pair that neither BSON nor a strict parser knows. It becomes U+EFE9,
    of the private use area, which is how our own worker writes it.
    """
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _LONE_BYTE.sub(lambda found: b"\\uef" + found[1] if found[1] else found[0], body)
