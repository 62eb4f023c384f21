"""Programs in files of CODE_DIR; no other file can be read."""

import io
import os
import stat
from importlib.util import decode_source
from pathlib import Path
from tokenize import detect_encoding

from job_service.code_jobs.wire import MOST_CODE_CHARACTERS
from job_service.lifecycle.errors import Invalid, TooLarge
from job_service.web.names import is_name

LONGEST_FILE_NAME = 200
#: Codecs for host names, which take quadratic time to decode and are no encodings of programs.
SLOW_ENCODINGS = frozenset({"idna", "punycode"})


def is_file_name(text: str) -> bool:
    """Say whether a text can be the bare name of a `.py` file that is not hidden."""
    return is_name(text, LONGEST_FILE_NAME) and "/" not in text and not text.startswith(".") and text.endswith(".py")


def read_program(code_dir: Path | None, name: str) -> str:
    """Return the program in a file of CODE_DIR. Raises Invalid, which names the field `file`, and TooLarge."""
    if not is_file_name(name):
        raise Invalid.field("file", "must be the bare name of a .py file")
    if code_dir is None:
        raise Invalid.field("file", "this service has no folder of programs")
    try:
        return as_text(_read(code_dir, name), "file")
    except OSError:
        raise Invalid.field("file", f"there is no program {name}") from None


def as_text(content: bytes, field: str) -> str:
    """Return a program's text, read as Python reads a file: PEP 263. Raises Invalid, TooLarge."""
    if len(content) > MOST_CODE_CHARACTERS:
        raise TooLarge(f"{field}: a program has {MOST_CODE_CHARACTERS} bytes at most")
    try:
        return _decoded(content)
    except (SyntaxError, LookupError, UnicodeError):
        raise Invalid.field(field, "must be UTF-8 text, or text in the encoding that its first lines name") from None


def _decoded(content: bytes) -> str:
    encoding, _ = detect_encoding(io.BytesIO(content).readline)
    if encoding in SLOW_ENCODINGS:
        raise LookupError(encoding)
    return decode_source(content)


def _read(code_dir: Path, name: str) -> bytes:
    """Read a regular file of the folder itself, without following links."""
    folder = os.open(code_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(name)
        return file.read(MOST_CODE_CHARACTERS + 1)
