"""Just enough of the claims API for a worker, as a WSGI application that a test can look into and break."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from job_service.client import JobServiceClient

DEADLINE_SECONDS = 20.0
EXPIRES = "2026-11-22T10:00:00Z"


#: Answers a request in the service's place, or by asking it.
Breaking = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


@dataclass
class Held:
    """A job, who holds it, and all that was said about it."""

    job_id: str
    kind: str
    parameters: dict[str, Any]
    state: str = "queued"
    claim_id: str | None = None
    action: str = "continue"
    updates: list[dict[str, Any]] = field(default_factory=list)

    @property
    def said(self) -> list[dict[str, Any]]:
        """The updates that said something, without the leases they renewed."""
        dull = {"claimId", "jobId", "leaseSeconds"}
        told = ({name: value for name, value in update.items() if name not in dull} for update in self.updates)
        return [update for update in told if update]

    @property
    def end(self) -> dict[str, Any]:
        return self.updates[-1]


@dataclass
class FakeService:
    """Leases never end by themselves here: `take_away` ends them."""

    next_heartbeat_seconds: float = 20.0
    jobs: dict[str, Held] = field(default_factory=dict)
    claims: list[dict[str, Any]] = field(default_factory=list)
    paused: bool = False
    drained: bool = False
    refuse_updates: Callable[[dict[str, Any]], tuple[str, str] | None] = lambda _update: None
    break_next: list[Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]] = field(
        default_factory=list
    )
    changed: threading.Condition = field(default_factory=threading.Condition)
    open_polls: int = 0

    def add(self, kind: str = "dataset", **parameters: Any) -> Held:
        with self.changed:
            held = Held(f"job-{len(self.jobs) + 1}", kind, parameters)
            self.jobs[held.job_id] = held
            self.changed.notify_all()
        return held

    def take_away(self, held: Held) -> None:
        with self.changed:
            held.claim_id = "somebody-else"

    def cancel(self, held: Held) -> None:
        with self.changed:
            held.action = "cancel"

    def wait_until(self, condition: Callable[[], Any]) -> None:
        """Wait until the service has seen it happen."""
        with self.changed:
            assert self.changed.wait_for(condition, DEADLINE_SECONDS), "it did not happen"

    def wait_for(self, held: Held, *states: str) -> None:
        self.wait_until(lambda: held.state in (states or ("completed", "failed", "cancelled")))

    def client(self, **options: Any) -> JobServiceClient:
        wsgi = httpx.WSGITransport(app=self.app)
        service = self

        class Broken(httpx.BaseTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                request.read()
                breaking = service.break_next.pop(0) if service.break_next else None
                if breaking is None:
                    return wsgi.handle_request(request)
                return breaking(request, lambda: wsgi.handle_request(request))

        return JobServiceClient("http://service.test", transport=Broken(), **options)

    def app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length) or b"null")
        with self.changed:
            status, answer, headers = self._answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], body)
            self.changed.notify_all()
        start_response(f"{status} x", [("Content-Type", "application/json"), *headers])
        return iter([json.dumps(answer).encode()])

    def _answer(self, method: str, path: str, body: Any) -> tuple[int, Any, list[tuple[str, str]]]:
        if (method, path) == ("POST", "/claims"):
            return self._claim(body)
        if (method, path) == ("PATCH", "/claims"):
            return 200, {"results": [self._update(update) for update in body["updates"]]}, []
        _, _, claim_id, _, job_id = path.split("/")
        held = self.jobs[job_id]
        if held.claim_id != claim_id:
            return 409, {"message": "lost", "code": "lease-lost"}, []
        held.state, held.claim_id = "given-back", None
        return 200, {"jobId": job_id}, []

    def _claim(self, body: Any) -> tuple[int, Any, list[tuple[str, str]]]:
        self.claims.append(body)
        if self.paused:
            return 200, {"claims": [], "paused": True, "message": "upgrade"}, [("Retry-After", "1")]
        if self.drained:
            return 200, {"claims": [], "drain": True}, []
        self.open_polls += 1
        self.changed.notify_all()
        self.changed.wait_for(lambda: self._claimable(body), body["wait"])
        self.open_polls -= 1
        given = self._claimable(body)[: body["limit"]]
        for held in given:
            held.state, held.claim_id = "running", body["claimId"]
        return 200, {"serverTime": EXPIRES, "claims": [self._as_claim(held) for held in given]}, []

    def _claimable(self, body: Any) -> list[Held]:
        wanted = (body.get("where") or {}).get("operation")
        queued = [held for held in self.jobs.values() if held.kind == body["kind"] and held.state == "queued"]
        again = [held for held in self.jobs.values() if held.claim_id == body["claimId"] and held.state == "running"]
        return again or [held for held in queued if wanted is None or held.parameters.get("operation") in wanted]

    def _as_claim(self, held: Held) -> dict[str, Any]:
        job = {"jobId": held.job_id, "kind": held.kind, "parameters": held.parameters, "requestId": f"r-{held.job_id}"}
        return {"claimId": held.claim_id, "leaseExpiresAt": EXPIRES, "attempt": 1, "job": job}

    def _update(self, update: dict[str, Any]) -> dict[str, Any]:
        held = self.jobs[update["jobId"]]
        named = {"jobId": update["jobId"], "claimId": update["claimId"]}
        refused = ("lease-lost", "lost") if held.claim_id != update["claimId"] else self.refuse_updates(update)
        if refused:
            return {**named, "ok": False, "code": refused[0], "message": refused[1]}
        held.updates.append(update)
        if update.get("status") in {"completed", "failed", "cancelled"}:
            held.state = update["status"]
        return {**named, "ok": True, "action": held.action, "nextHeartbeatSeconds": self.next_heartbeat_seconds}
