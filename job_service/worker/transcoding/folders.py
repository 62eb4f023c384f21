"""The input and output folders: only this module turns names in a job into paths."""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import category

from job_service.worker.names import bytes_of
from job_service.worker.transcoding.errors import UnsafeOption

LONGEST_BYTES = 4095
LONGEST_PART_BYTES = 255
# URLs are refused early, for a clear message; ffmpeg could not reach one, since all its paths get the prefix `file:`.
PROTOCOL = re.compile(
    "(amqp|async|bluray|cache|concatf?|crypto|data|fd|ffrtmphttp|file|ftp|gophers?|hls|http|httpproxy|https|icecast"
    "|ipfs|ipns|lavfi|md5|mms[ht]|pipe|prompeg|rist|rt[ms]p|rtmp[est]|rtmpte|rtp|sctp|sftp|smb|srtp?|subfile|tcp|tee|tls"
    "|udp|udplite|unix|zmq)([+,].*)?:",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Folders:
    """The folder clips are read from and the folder results are written to."""

    input: Path
    output: Path

    def source(self, name: str) -> Path:
        """Return the path of a clip. Raises UnsafeOption unless it is a regular file in the input folder.

        A byte of the name that is not UTF-8 may be encoded as in transfers, see `job_service/worker/names.py`.
        """
        path = _inside(self.input, name, "input")
        if _what_is(path) == "nothing":
            path = _found(self.input, os.fsdecode(bytes_of(name)), "input")
        if _what_is(path) != "file":
            raise UnsafeOption(f"The input folder has no file {name!r}.")
        return path

    def target(self, name: str) -> Path:
        """Return the path of a result. Raises UnsafeOption for one outside the output folder, or that is no file."""
        path = _inside(self.output, name, "output")
        if _what_is(path) == "other":
            raise UnsafeOption(f"The output {name!r} is there already and not a file.")
        return path


def _inside(folder: Path, name: str, option: str) -> Path:
    _check_name(name, option)
    return _found(folder, name, option)


def _found(folder: Path, name: str, option: str) -> Path:
    try:
        path, root = (folder / name).resolve(), folder.resolve()
    except (OSError, RuntimeError):
        raise UnsafeOption(f"The {option} {name!r} leads into a loop of links, or is too long.") from None
    if not path.is_relative_to(root):
        raise UnsafeOption(f"The {option} {name!r} is outside the {option} folder.")
    return path


def _check_name(name: str, option: str) -> None:
    # Texts of JSON may have lone surrogates, which no file system accepts.
    if any(category(character) in {"Cc", "Cs"} for character in name):
        raise UnsafeOption(f"The {option} {name!r} has a control character, or half of one of Unicode's.")
    if not 1 <= len(name.encode()) <= LONGEST_BYTES:
        raise UnsafeOption(f"The {option} has to be a file name of 1 to {LONGEST_BYTES} bytes.")
    if PROTOCOL.match(name):
        raise UnsafeOption(f"The {option} {name!r} names a protocol; it has to be a file of the {option} folder.")
    if name.startswith("/"):
        raise UnsafeOption(f"The {option} {name!r} has to be relative to the {option} folder.")
    for part in PurePosixPath(name).parts:
        _check_part(part, option)


def _check_part(part: str, option: str) -> None:
    if part == "..":
        raise UnsafeOption(f"The {option} leads upwards with '..'.")
    if part.startswith(".") and option == "output":
        raise UnsafeOption(f"The output has a part, {part!r}, that starts with a dot: such files are work under way.")
    if len(part.encode()) > LONGEST_PART_BYTES:
        raise UnsafeOption(f"The {option} has a part of more than {LONGEST_PART_BYTES} bytes.")


def _what_is(path: Path) -> str:
    """Return `file`, `nothing` or `other`; a path that cannot be read is `other`."""
    try:
        return "file" if path.is_file() else "other" if path.exists() else "nothing"
    except OSError:
        return "other"
