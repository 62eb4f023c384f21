"""What both programs of the earlier work queue know: its paths and numbers, the token they carry, and their sites.

Every field is taken with `[]`: where it is missing the program ends with a KeyError, as they did.
"""

import base64
import json
from datetime import UTC, datetime

from tests.system.old_clients.plain import refuse

BASE = "/workqueue/api/v1.0"
LIST, COPY, REMOVE, RENAME, MKDIR = range(5)
SSH, DUMMY = 1, 2
ENDED = {"DONE", "FAILED"}


def read_token(token):
    """Read a user's token without checking it: who signs in is looked up by the service alone."""
    payload = token.rpartition(".")[0]
    carried = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    expiry = carried.get("expiry")
    assert isinstance(carried["id"], int)
    assert expiry is None or datetime.fromisoformat(expiry) > datetime.now(UTC)
    return carried


class Queue:
    """The requests of a user."""

    def __init__(self, line, token):
        read_token(token)
        self.line, self.headers = line, {"X-Token": token}

    def get(self, path):
        answer = self.line.ask("GET", BASE + path, headers=self.headers)
        if answer.status != 200:
            refuse(answer, f"GET {path}")
        return answer.body

    def all_ended(self):
        return all(job["status"] in ENDED for job in self.get("/jobs"))
