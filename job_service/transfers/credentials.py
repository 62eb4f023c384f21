"""The credentials of jobs: sealed before they are stored, opened only for the worker that holds an element."""

import base64
from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken

from job_service.lifecycle.job import Job
from job_service.transfers.credentials_store import TransferCredentials


class Vault:
    """Puts credentials away and gives them out; `key` gives 32 bytes, and is asked when they are first needed."""

    def __init__(self, stored: TransferCredentials, key: Callable[[], bytes]) -> None:
        self._stored = stored
        self._key = key

    def put(self, job_id: str, credentials: dict[str, Any]) -> None:
        """Store the credentials of a job, encrypted."""
        self._stored.put(job_id, self._fernet.encrypt(orjson.dumps(credentials)))

    def copy(self, job_id: str, new_job_id: str) -> bool:
        """Give a job the credentials of another one; False when those are gone."""
        sealed = self._stored.get(job_id)
        if sealed is not None:
            self._stored.put(new_job_id, sealed)
        return sealed is not None

    def of(self, element: Job) -> dict[str, Any]:
        """Return what the worker of an element logs in with; empty where there is nothing, or another key sealed it."""
        if not element["parameters"].get("sealed"):
            return {}
        sealed = self._stored.get(element["parentId"])
        try:
            opened: dict[str, Any] = orjson.loads(self._fernet.decrypt(sealed)) if sealed else {}
        except InvalidToken:
            return {}
        return opened

    @cached_property
    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._key()))
