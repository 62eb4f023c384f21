"""Paths inside a site: their spellings, and the checks that keep them below the site's root.

A parsed path is the tuple of its names below the root, without `.`; the root is the empty tuple. Users write paths
absolute (`/data/x`, where `/` is the root of the site), from home (`~/data/x`) or relative to home (`data/x`); home is
the root. A `..` stays until the links before it are followed: it means the folder above a link's target, as for every
program. The service compares the paths of listings with the requested ones in the same form, see
`job_service/transfers/paths.py`.
"""

from collections import deque
from collections.abc import Callable

from job_service.worker.transfers.errors import PathOutsideSite, TransferError

SitePath = tuple[str, ...]

MOST_LINKS = 40
"""As many symbolic links as Linux follows in one path."""


def parse(text: str) -> SitePath:
    """Parse a path as a user writes it.

    Raises PathOutsideSite where the text climbs above the root, TransferError where no file can have that
    name.
    """
    if not text or "\0" in text:
        raise TransferError(f"{text!r} is not a path: it is empty or has a zero character in it.")
    if not _is_utf8(text):
        raise TransferError(f"{text!r} is not a path: it can not be written in UTF-8.")
    if text.startswith("~") and text != "~" and not text.startswith("~/"):
        raise PathOutsideSite(f"{text!r} is somebody's home; a file of that name is written './{text}'.")
    path = tuple(_names(text.removeprefix("~")))
    climbed(path)
    return path


def spell(path: SitePath, like: str) -> str:
    """Return a path in the spelling of another one: absolute like `/data`, or from home like `~/data` and `data`."""
    if like.startswith("/"):
        return "/" + "/".join(path)
    return "/".join(("~", *path))


def climbed(path: SitePath) -> SitePath:
    """Resolve each `..` by the text alone, without looking at links. Raises PathOutsideSite."""
    left: list[str] = []
    for name in path:
        if name != "..":
            left.append(name)
        elif left:
            left.pop()
        else:
            raise PathOutsideSite(f"{spell(path, '/')!r} climbs above the root of its site.")
    return tuple(left)


def follow(path: SitePath, root: str, target_of: Callable[[SitePath], str | None]) -> SitePath:
    """Replace the symbolic links in a path by their targets, as long as those are inside the root.

    `root` is the real, absolute path of the site's root, `target_of` gives the text of the link at a path whose own
    folder holds no links, or None where there is no link. Raises PathOutsideSite.
    """
    real: list[str] = []
    ahead = deque(path)
    links = 0
    while ahead:
        name = ahead.popleft()
        if name == "..":
            _step_up(real, path)
            continue
        target = target_of((*real, name))
        if target is None:
            real.append(name)
            continue
        links += 1
        if links > MOST_LINKS:
            raise TransferError(f"{spell(path, '/')!r} goes through more than {MOST_LINKS} symbolic links.")
        if target.startswith("/"):
            real.clear()
            target = _below(root, target, path)
        ahead.extendleft(reversed(_names(target)))
    return tuple(real)


def _names(text: str) -> list[str]:
    return [name for name in text.split("/") if name not in {"", "."}]


def _step_up(real: list[str], path: SitePath) -> None:
    if not real:
        raise PathOutsideSite(f"A symbolic link in {spell(path, '/')!r} leads out of the root of its site.")
    real.pop()


def _below(root: str, target: str, path: SitePath) -> str:
    """Remove the root from a link's absolute target, which is a path of the machine, not of the site."""
    inside = root.rstrip("/") + "/"
    if not (target + "/").startswith(inside):
        raise PathOutsideSite(f"A symbolic link in {spell(path, '/')!r} leads out of the root of its site.")
    return target[len(inside) :]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
