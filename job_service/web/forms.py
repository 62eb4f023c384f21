"""What tells a form that is sent twice, by a double click or a reload, from one that is filled in twice."""

import hashlib
import secrets

from flask import request

from job_service.web.access import caller
from job_service.web.answers import dumps

#: The hidden field of a form that does something: another word each time that the form is shown.
FIELD = "once"


def new_word() -> str:
    """Return a word for a form that is about to be shown."""
    return secrets.token_urlsafe(12)


def form_key() -> str | None:
    """Return what stands for the form that was sent, and for every repeat of it; None where its word is missing.

    A form that somebody goes back to and sends changed is another one.
    """
    if not request.form.get(FIELD):
        return None
    fields = sorted((name, text) for name, text in request.form.items(multi=True) if name != "csrf_token")
    files = sorted((name, _digest(file.stream.read())) for name, file in request.files.items(multi=True))
    for file in request.files.values():
        file.stream.seek(0)
    return f"form {_digest(dumps([request.path, caller().name, fields, files]))}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
