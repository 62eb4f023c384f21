"""Idempotency of HTML forms: one sent twice, by a double click or a reload, counts once."""

import hashlib
import secrets

from flask import request

from job_service.web.access import caller
from job_service.web.bodies import dumps

#: The hidden field of a form: a random nonce, new each time that the form is shown.
FIELD = "once"


def new_word() -> str:
    """Return the nonce for a form that is about to be shown."""
    return secrets.token_urlsafe(12)


def form_key() -> str | None:
    """Return the idempotency key of the form that was sent, the same for each repetition; None without a nonce.

    The key covers all fields: a form that a person goes back to, changes and sends again has another key.
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
