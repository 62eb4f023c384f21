"""Extended headers of tars, as POSIX has them for `pax`: records of a length, a keyword and a value."""

import re
import tarfile

from job_service.tars.errors import BrokenTar

EXTENDED = frozenset({tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE})
#: GNU's headers that hold a name, or the target of a link, and nothing else.
LONG_NAMES = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK})
_LENGTH = re.compile(rb"([0-9]{1,19})[ \t]+")


def require_whole(records: bytes) -> None:
    """Raise BrokenTar where `tar x` would find one of these records malformed; a zero ends them."""
    while records and records[0]:
        begin = _LENGTH.match(records)
        length = int(begin[1]) if begin else 0
        record = records[:length]
        is_whole = len(record) == length and record.endswith(b"\n") and b"=" in record[begin.end() if begin else 0 :]
        if not is_whole:
            raise BrokenTar("Not a whole tar: an extended header is damaged")
        records = records[length:]
