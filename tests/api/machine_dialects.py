"""What the dialects of old clients amount to in the plain model, and what each verb is answered over HTTP."""

from datetime import datetime, timedelta

from tests.lifecycle_model import Asked, Model, Modeled
from tests.store.machine_world import WORDS

DAY = 86_400
RESETS = ("failed", "queued", "built")
BRANCHES = ("available", "active", "done")

#: The HTTP status of a word of the model; every other one is a refusal by the state of things.
_STATUS = {"continue": 200, "cancel": 200, "invalid": 400, "not-found": 404}


def status_of(said: str) -> int:
    """Give the HTTP status of what the model says."""
    return _STATUS.get(said, 409)


def word_of(job: Modeled) -> str:
    """Give the status that clients see."""
    return job.step or WORDS[job.kind][job.state]


def view_of(job: Modeled):
    """Give what `GET /jobs/<id>` must say."""
    return {
        "jobId": job.id,
        "kind": job.kind,
        "type": job.type,
        "state": job.state,
        "status": word_of(job),
        "priority": job.priority,
        "readyAt": job.ready_at,
        "lease": {"worker": job.worker, "until": job.ready_at} if job.claim_id else None,
        "progress": job.progress,
        "attempts": job.attempts,
        "leasesLost": job.lost,
        "maxAttempts": job.tries,
        "retriedFrom": job.retried_from,
        "cancelAsked": job.cancel_asked,
        "said": job.said,
    }


def told_of(shown):
    """Give the same of a job as it is answered."""
    lease = shown.get("lease")
    return {
        **{name: shown.get(name) for name in view_of(Modeled(""))},
        "readyAt": moment(shown.get("readyAt")),
        "lease": {**lease, "until": moment(lease["until"])} if lease else None,
        "cancelAsked": "cancelRequestedAt" in shown,
        "said": [line["message"] for line in shown["log"] if line["message"].startswith("said")],
    }


def moment(text: str | None) -> datetime | None:
    """Read a time."""
    return datetime.fromisoformat(text) if text else None


class Dialects(Model):
    """The model, with the verbs of clients that know nothing of claims."""

    _leases = 0

    def _lease(self) -> str:
        """Make up the id of a claim that is taken on somebody's behalf: nobody is ever told it."""
        self._leases += 1
        return f"unknown-{self._leases}"

    def may_have(self, job: Modeled) -> bool:
        """Say whether a claim that asks for nothing else could get this job now."""
        return not self.paused and job in self.queue(job.kind) and not job.spent(self.now)

    def reasons(self, job: Modeled) -> list[str]:
        """Say why a job is where it is."""
        if job.ended:
            return ["quarantined", "finished"] if job.state == "quarantined" else ["finished"]
        paused = ["paused"] if self.paused else []
        if job.start_over(self.now) and (job.state == "queued" or job.due(self.now)):
            return [*paused, "not-started-in-time"]
        if not job.due(self.now):
            return [*paused, "leased" if job.state == "running" else str(job.delayed_by)]
        if job.spent(self.now):
            return [*paused, "ran-too-long" if job.run_over(self.now) else "quarantined"]
        return [*paused, *(["ahead-in-queue"] if self.queue(job.kind)[0] is not job else [])]

    def put(self, asked: Asked, client: str, status: str | None) -> str:
        """Change a dataset job for a client known by its name; return `continue` or the code of the refusal."""
        job = self.jobs[asked.job_id]
        if job.kind != "dataset":
            return "not-found"
        if job.ended:
            return "continue" if status == word_of(job) else "already-finished"
        return self._put_alive(job, asked, client, status)

    def _put_alive(self, job: Modeled, asked: Asked, client: str, status: str | None) -> str:
        mine = job.worker == client
        live = job.state == "running" and not job.due(self.now)
        if live and not mine:
            return "lease-lost"
        if job.worker and not mine and status in RESETS:
            return self._reset(job, client, asked, status)
        if status == "initiated" and not live:
            return self._start(job, client, asked)
        return self._put_held(job, asked, status) if mine else self._put_free(job, client, asked, status)

    def _put_free(self, job: Modeled, client: str, asked: Asked, status: str | None) -> str:
        if client in job.fenced:
            return "lease-lost"
        if status in {None, "queued", "completed", "failed"}:
            self._say(job, asked)
            self.end_unheld(job.id, asked.end)
            return "continue"
        return self._start(job, client, asked)

    def _start(self, job: Modeled, client: str, asked: Asked) -> str:
        if self.paused:
            return "paused"
        got = self.claim_first(self._lease(), client, DAY, job.id, "dataset")
        return self._put_held(job, asked, asked.step) if got else "conflict"

    def _reset(self, job: Modeled, client: str, asked: Asked, status: str | None) -> str:
        """Take a job from a holder whose lease is over."""
        holder = str(job.worker)
        if status == "built":
            self.arrows.append(("takeover", job.id, "running", "running"))
            job.claims, job.claim_id, job.worker = job.claims + 1, self._lease(), client
            job.run_until = self.now + timedelta(seconds=job.run_seconds)
        said = self._put_held(job, asked, status)
        job.fenced |= set() if job.ended else {holder}
        return said

    def _put_held(self, job: Modeled, asked: Asked, status: str | None) -> str:
        if status != "queued":
            asked.claim_id, asked.lease_seconds = str(job.claim_id), DAY
            self.report(asked)
            return "continue"
        self.release(job.id, str(job.claim_id), 0)
        if not job.ended:
            self._say(job, asked)
        return "continue"

    @staticmethod
    def _say(job: Modeled, asked: Asked) -> None:
        job.said += [asked.message] if asked.message else []

    def take(self, client: str, source: str | None) -> str | None:
        """Hand out a conversion to whoever asks for `/job/available`."""
        got = self.claim_first(self._lease(), client, DAY, None, "conversion", (source,) if source else ())
        return got[0] if got else None

    def in_branch(self, job: Modeled, *branches: str) -> bool:
        """Say whether a job hangs in one of these branches of the tree."""
        return job.kind == "conversion" and word_of(job) in branches

    def keep(self, job: Modeled) -> bool:
        """Renew the lease of an active conversion; one that was asked to stop has heard of it now."""
        if not self.in_branch(job, "active"):
            return False
        if job.cancel_asked:
            self.report(Asked(job.id, str(job.claim_id), end="cancelled"))
            return False
        return self.report(Asked(job.id, str(job.claim_id))) == "continue"

    def finish(self, job: Modeled) -> bool:
        """End a conversion, whoever holds it."""
        if not self.in_branch(job, "available", "active"):
            return False
        self.end(job, "completed")
        return True
