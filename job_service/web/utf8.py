"""URLs have to be UTF-8: decoded with replacement characters, two different ones could become equal."""

from urllib.parse import unquote_to_bytes

from flask import Flask, Request
from werkzeug.datastructures import MultiDict
from werkzeug.utils import cached_property

from job_service.lifecycle.errors import Invalid
from job_service.web.present import present


class Utf8Request(Request):
    """A request whose query string has to be UTF-8; reading the parameters raises Invalid otherwise."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """Return the parameters of the query string. Raises Invalid."""
        if not _is_utf8(unquote_to_bytes(self.query_string)):
            raise Invalid("The query string is not UTF-8")
        return super().args


def refuse_other_paths(app: Flask) -> None:
    """Answer every request whose path is not UTF-8 with 400."""

    def check() -> None:
        path: str = present().environ["PATH_INFO"]
        if not path.isascii() and not _is_utf8(path.encode("latin-1")):
            raise Invalid("The path is not UTF-8")

    app.before_request(check)


def _is_utf8(written: bytes) -> bool:
    try:
        written.decode()
    except UnicodeDecodeError:
        return False
    return True
