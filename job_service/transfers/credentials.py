"""The credentials of jobs: encrypted before they are stored, decrypted only for the worker that holds an element."""

import base64
from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken

from job_service.lifecycle.job import Job
from job_service.transfers.credentials_store import TransferCredentials


class Vault:
    """Encrypts and decrypts credentials; `key` returns 32 bytes, and is called at the first use."""

    def __init__(self, stored: TransferCredentials, key: Callable[[], bytes]) -> None:
        self._stored = stored
        self._key = key

    def put(self, job_id: str, credentials: dict[str, Any]) -> None:
        """Store the credentials of a job, encrypted."""
        self._stored.put(job_id, self._fernet.encrypt(orjson.dumps(credentials)))

    def copy(self, job_id: str, new_job_id: str) -> bool:
        """Copy the credentials of a job to another job; False when they have expired."""
        sealed = self._stored.get(job_id)
        if sealed is not None:
            self._stored.put(new_job_id, sealed)
        return sealed is not None

    def of(self, element: Job) -> dict[str, Any]:
        """Return the credentials for an element's worker; empty where there are none, or the key has changed."""
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
