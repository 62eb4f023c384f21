"""The tree that `tar x` would write into an empty folder, derived from the members alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from job_service.tars.errors import BrokenTar, shown
from job_service.tars.members import Contents, Folder, HardLink, Member, SymbolicLink

MAX_DEPTH = 32
MAX_LINKS = 8

Node = Folder | Contents | SymbolicLink


@dataclass(frozen=True, slots=True)
class Tree:
    """Files, folders and links: of several members of one name the last one counts."""

    root: Folder = field(default_factory=Folder)

    def add(self, name: str, member: Member) -> None:
        """Add a member. Raises BrokenTar for one that leads outside, or that `tar x` could not write."""
        parts = _parts(name)
        if isinstance(member, SymbolicLink):
            _require_inside(name, parts[:-1], member.target)
        node = self._named(name, member.target) if isinstance(member, HardLink) else member
        if parts:
            _put(self._folder(name, parts[:-1]), parts[-1], name, node)
        elif not isinstance(node, Folder):
            raise BrokenTar(f"{shown(name)} is no name of a file")

    def find(self, path: str) -> Folder | Contents | None:
        """Resolve a path and all links on it, as the file system would; None where nothing is there.

        Raises BrokenTar where the path leads out of the tar, or through too many links.
        """
        folders, todo, links = [self.root], path.split("/")[::-1], 0
        while todo:
            part = todo.pop()
            child = folders[-1].children.get(part)
            if part == "..":
                if len(folders) == 1:
                    raise _leads_out(path)
                folders.pop()
            elif isinstance(child, SymbolicLink):
                links += 1
                if links > MAX_LINKS:
                    raise BrokenTar(f"{shown(path)} leads from link to link")
                todo += child.target.split("/")[::-1]
            elif isinstance(child, Folder):
                folders.append(child)
            elif part not in {"", "."}:
                return None if todo else child
        return folders[-1]

    def files(self, path: str) -> Iterator[tuple[str, Contents]]:
        """Yield the files in the folder at `path` and below, by name. Raises BrokenTar for a link to anything else."""
        top = self.find(path)
        todo: list[tuple[str, Node]] = [(path, top)] if isinstance(top, Folder) else []
        while todo:
            name, node = todo.pop()
            if isinstance(node, Folder):
                todo += [(f"{name}/{child}", node.children[child]) for child in sorted(node.children, reverse=True)]
                continue
            found = self.find(name) if isinstance(node, SymbolicLink) else node
            if not isinstance(found, Contents):
                raise BrokenTar(f"{shown(name)} is a link to {'nothing' if found is None else 'a folder'} in the tar")
            yield name, found

    def _named(self, name: str, target: str) -> Node:
        """Return the member that a hard link names; a symbolic link is not followed."""
        *folders, last = _parts(target) or [""]
        node = self._folder(name, folders).children.get(last)
        if node is None or isinstance(node, Folder):
            raise BrokenTar(f"{shown(name)} is a hard link to {shown(target)}, which is no file before it in the tar")
        return node

    def _folder(self, name: str, parts: list[str]) -> Folder:
        """Return a member's parent folder, created where there is none."""
        folder = self.root
        for part in parts:
            child = folder.children.setdefault(part, Folder())
            if not isinstance(child, Folder):
                raise BrokenTar(f"{shown(name)} is in {shown(part)}, which is no folder")
            folder = child
        return folder


def _put(folder: Folder, last: str, name: str, node: Node) -> None:
    earlier = folder.children.get(last)
    if isinstance(earlier, Folder):
        if isinstance(node, Folder):
            return
        if earlier.children:
            raise BrokenTar(f"{shown(name)} is a folder with files and, later, something else")
    folder.children[last] = node


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts:
        raise _leads_out(name)
    if len(parts) > MAX_DEPTH:
        raise BrokenTar(f"{shown(name)} is more than {MAX_DEPTH} folders deep")
    return parts


def _require_inside(name: str, folders: list[str], target: str) -> None:
    """Refuse a link whose target leads outside, even if the link is never followed."""
    if not target:
        raise BrokenTar(f"{shown(name)} is a link without a target")
    depth = len(folders)
    for part in target.split("/"):
        depth += (part not in {"", ".", ".."}) - (part == "..")
        if depth < 0 or target.startswith("/"):
            raise _leads_out(name)


def _leads_out(name: str) -> BrokenTar:
    return BrokenTar(f"{shown(name)} leads out of the tar")
