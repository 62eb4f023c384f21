"""A body that cannot be read to its end (malformed chunks, a client that stopped sending) is answered with 400."""

from typing import Any

from flask import Flask
from werkzeug.exceptions import BadRequest


class _Input:
    """The request's body as the server gives it; any error in reading it becomes a 400."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, *size: int) -> bytes:
        """Return the next bytes. Raises BadRequest."""
        try:
            read: bytes = self._stream.read(*size)
        except Exception as error:  # each server has errors of its own for this
            raise BadRequest("The body could not be read to its end") from error
        return read

    def readline(self, *size: int) -> bytes:
        """Return the next line. Raises BadRequest."""
        try:
            read: bytes = self._stream.readline(*size)
        except Exception as error:  # each server has errors of its own for this
            raise BadRequest("The body could not be read to its end") from error
        return read


def refuse_broken_bodies(app: Flask) -> None:
    """Answer every request whose body breaks off or is malformed with 400."""
    serve = app.wsgi_app

    def guarded(environ: dict[str, Any], start_response: Any) -> Any:
        environ["wsgi.input"] = _Input(environ["wsgi.input"])
        return serve(environ, start_response)

    app.wsgi_app = guarded  # type: ignore[method-assign]  # Flask's own way of adding a layer
