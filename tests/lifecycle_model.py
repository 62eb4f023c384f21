"""A plain model of the lifecycle, which the store and the HTTP API must agree with; `docs/model.md` has it in words.

It knows nothing of MongoDB, of HTTP, or of the code it judges: a dictionary of jobs, a flag, and a time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: By how much a job that may start at once is back-dated.
AT_ONCE = timedelta(milliseconds=50)
MOST_LEASES_LOST = 3
BACKOFF = 5.0
LONGEST_BACKOFF = 600.0
DAY = 86_400
#: So many past attempts a job remembers.
REMEMBERED = 10
ENDED = frozenset({"completed", "failed", "cancelled", "quarantined"})

#: Every arrow of the diagram, as verb, state before, state after.
ARROWS = frozenset(
    {
        ("create", None, "queued"),
        ("claim", "queued", "running"),
        ("claim", "running", "running"),
        ("takeover", "running", "running"),
        ("release", "running", "queued"),
        ("fail", "running", "queued"),
        ("finish", "running", "completed"),
        ("fail", "running", "failed"),
        ("cancel", "queued", "cancelled"),
        ("cancel", "running", "cancelled"),
        ("sweep", "running", "quarantined"),
        ("finish", "queued", "completed"),
        ("fail", "queued", "failed"),
        *(("reopen", state, "queued") for state in (*ENDED, "queued", "running")),
    }
)
_VERB = {"completed": "finish", "failed": "fail", "cancelled": "cancel", "quarantined": "sweep"}


@dataclass
class Modeled:
    """One job."""

    id: str
    kind: str = "dataset"
    type: str | None = None
    name: str | None = None
    priority: int = 5
    tries: int = 3
    state: str = "queued"
    ready_at: datetime | None = None
    delayed_by: str | None = None
    claim_id: str | None = None
    worker: str | None = None
    lease_seconds: float | None = None
    progress: int | None = None
    step: str | None = None
    said: list[str] = field(default_factory=list)
    claims: int = 0
    attempts: int = 0
    lost: int = 0
    cancel_asked: bool = False
    failed_by: str | None = None
    ended_by: str | None = None
    end_seq: int = 0
    retried_from: str | None = None
    fenced: set[str] = field(default_factory=set)
    start_before: datetime | None = None
    run_seconds: float = DAY
    run_until: datetime | None = None
    overrun_at: datetime | None = None
    error_code: str | None = None
    past: list[str] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def due(self, now: datetime) -> bool:
        return self.ready_at is not None and self.ready_at <= now

    def spent(self, now: datetime) -> bool:
        """Say whether its time has come, and it must not be handed out as it is."""
        running_out = self.state == "running" and (self.lost + 1 >= MOST_LEASES_LOST or self.cancel_asked)
        return self.due(now) and (running_out or self.start_over(now) or self.run_over(now))

    def start_over(self, now: datetime) -> bool:
        return self.start_before is not None and self.start_before <= now

    def run_over(self, now: datetime) -> bool:
        return self.overrun_at is not None and self.overrun_at <= now

    def swept(self, now: datetime) -> bool:
        """Say whether the sweep is to bring it to what becomes of it: also what waits, where it is in vain."""
        return self.spent(now) or (self.state == "queued" and self.ready_at is not None and self.start_over(now))

    def leased(self, now: datetime, seconds: float) -> None:
        """Be held for so long, but not longer than the attempt may take."""
        until = now + timedelta(seconds=seconds)
        cut = self.run_until is not None and until > self.run_until
        self.overrun_at = self.run_until if cut else None
        self.ready_at = self.overrun_at or until

    def note(self, code: str) -> None:
        """Remember an attempt that came to nothing."""
        self.past = [*self.past, code][-REMEMBERED:]

    def unheld(self, now: datetime) -> bool:
        return self.state == "queued" or (self.state == "running" and self.due(now))


@dataclass
class Asked:
    """What a worker says of a job."""

    job_id: str
    claim_id: str
    end: str | None = None
    retry: bool = False
    delay: float | None = None
    lease_seconds: float | None = None
    progress: int | None = None
    step: str | None = None
    message: str | None = None


@dataclass
class Model:
    """All there is. Each method is one verb: it returns the answer and notes the arrows that were taken."""

    now: datetime
    jobs: dict[str, Modeled] = field(default_factory=dict)
    paused: bool = False
    gates: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    arrows: list[tuple[str, str, str | None, str]] = field(default_factory=list)

    def holder(self, name: str | None) -> str | None:
        """Return the job that keeps others of its dataset away."""
        held = (job.id for job in self.jobs.values() if name and job.name == name and not job.ended)
        return next(held, None)

    def held(self) -> list[Modeled]:
        """Return the jobs under a lease, also one that is over."""
        return [job for job in self.jobs.values() if job.state == "running"]

    def submit(self, job: Modeled, not_before: datetime | None = None) -> str | None:
        """Take a job in; return who has its dataset instead."""
        holder = self.holder(job.name)
        if holder is None:
            job.ready_at = self.now - AT_ONCE
            if not_before and not_before > self.now:
                job.ready_at, job.delayed_by = not_before, "not-before"
            self.jobs[job.id] = job
            self._arrow("create", job, None)
        return holder

    def queue(self, kind: str, types: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> list[Modeled]:
        """Return what a claim finds, in its order; the spent are among them."""
        found = [
            job
            for job in self.jobs.values()
            if job.kind == kind
            and job.due(self.now)
            and (not types or job.type in types)
            and (not names or job.name in names)
        ]
        oldest_id = kind in {"conversion", "transcoding"}
        return sorted(found, key=lambda job: (-job.priority, job.id if oldest_id else (job.ready_at, job.id)))

    def pick(self, wanted: int, *narrowing) -> list[Modeled]:
        """Return the first that a claim of many may have; the spent that are in its way end."""
        while True:
            window = self.queue(*narrowing)[:wanted]
            spent = [job for job in window if job.spent(self.now)]
            if not spent:
                return window
            for job in spent:
                self.end_spent(job)

    def claim(self, claim_id: str, worker: str, share: list[Modeled], seconds: float) -> list[str]:
        """Put jobs under leases."""
        for job in share:
            if job.state == "running":
                job.lost += 1
                job.note("lease-lost")
            self._arrow("claim", job, job.state, "running")
            job.state, job.claims, job.delayed_by = "running", job.claims + 1, None
            job.claim_id, job.worker, job.lease_seconds = claim_id, worker, seconds
            job.run_until = self.now + timedelta(seconds=job.run_seconds)
            job.leased(self.now, seconds)
        return [job.id for job in share]

    def claim_first(self, claim_id: str, worker: str, seconds: float, wanted: str | None, *narrowing) -> list[str]:
        """Claim as one statement does, which passes the spent over."""
        fit = [job for job in self.queue(*narrowing) if not job.spent(self.now) and wanted in {None, job.id}]
        return [] if self.paused else self.claim(claim_id, worker, fit[:1], seconds)

    def claim_many(self, claim_id: str, worker: str, limit: int, seconds: float, *narrowing) -> list[str]:
        """Claim as a worker does that names its claim, and may repeat it."""
        if claim_id in self.gates:
            # That it repeats one is known only once there is something to lease to it, or nothing.
            if not self.paused:
                self.pick(limit, *narrowing)
            return self._repeat(claim_id, worker, seconds)
        if self.paused:
            return []
        return self.claim(claim_id, worker, self.intend(claim_id, limit, *narrowing), seconds)

    def intend(self, claim_id: str, limit: int, *narrowing) -> list[Modeled]:
        """Note what a claim is about to take."""
        share = self.pick(limit, *narrowing)
        if share:
            self.gates[claim_id] = [(job.id, job.claims) for job in share]
        return share

    def _repeat(self, claim_id: str, worker: str, seconds: float) -> list[str]:
        meant = [(self.jobs[job_id], claims) for job_id, claims in self.gates[claim_id]]
        free = [job for job, claims in meant if job.due(self.now) and job.claims == claims and not self.paused]
        free = [job for job in free if not job.spent(self.now)]
        self.claim(claim_id, worker, free, seconds)
        return [job.id for job, _ in meant if (job.claim_id, job.worker) == (claim_id, worker)]

    def report(self, asked: Asked) -> str:
        """Take a report; return `continue`, `cancel`, or the code of the refusal."""
        job = self.jobs.get(asked.job_id)
        if job and asked.step and not asked.end and job.kind != "dataset":
            return "invalid"
        refused = self._judge(job, asked)
        if refused or job is None:
            return refused or "not-found"
        if asked.end is None and job.run_over(self.now):
            return "ran-too-long"
        job.said += [asked.message] if asked.message else []
        if asked.end is None:
            job.step = asked.step or job.step
            job.lease_seconds = asked.lease_seconds or job.lease_seconds
            job.leased(self.now, job.lease_seconds or 0)
            job.progress = job.progress if asked.progress is None else asked.progress
            return "cancel" if job.cancel_asked else "continue"
        if asked.end == "failed":
            job.attempts += 1
            job.error_code = "failed"
            job.note("failed")
        if asked.end == "failed" and asked.retry and not job.cancel_asked and job.attempts < job.tries:
            job.failed_by = asked.claim_id
            delay = self.backoff(job.attempts) if asked.delay is None else asked.delay
            self.requeue(job, "fail", self.now + timedelta(seconds=delay), "backing-off")
        else:
            job.progress = job.progress if asked.progress is None else asked.progress
            self.end(job, asked.end)
        return "continue"

    def _judge(self, job: Modeled | None, asked: Asked) -> str | None:
        """Return the code of a refusal, `continue` for what was done before, None for what is to be done."""
        if job is None:
            return "not-found"
        if (
            job.error_code == "ran-too-long"
            and asked.end != "failed"
            and asked.claim_id in {job.failed_by, job.ended_by}
        ):
            return "ran-too-long"
        if job.ended:
            again = job.ended_by == asked.claim_id and job.state == asked.end
            return "continue" if again else "already-finished"
        if job.claim_id is None and asked.end == "failed" and asked.retry and job.failed_by == asked.claim_id:
            return "continue"
        return None if job.claim_id == asked.claim_id else "lease-lost"

    @staticmethod
    def backoff(attempts: int) -> float:
        """Return the wait after so many failures, where the lot that is drawn for half of it is a half."""
        return min(BACKOFF * 2.0 ** (attempts - 1), LONGEST_BACKOFF) * 0.75

    def release(self, job_id: str, claim_id: str, delay: float) -> str:
        """Take a job back."""
        refused = self._judge(self.jobs.get(job_id), Asked(job_id, claim_id))
        if refused:
            return refused
        job = self.jobs[job_id]
        if job.cancel_asked:
            self.end(job, "cancelled")
        elif delay:
            self.requeue(job, "release", self.now + timedelta(seconds=delay), "not-before")
        else:
            self.requeue(job, "release", self.now - AT_ONCE, None)
        return "continue"

    def cancel(self, job_id: str) -> str:
        """End a job that nobody holds; ask the one that holds it to stop."""
        job = self.jobs[job_id]
        if job.state == "cancelled" or job.cancel_asked:
            return "unchanged"
        if job.ended:
            return "already-finished"
        if job.unheld(self.now):
            self.end(job, "cancelled")
            return "cancelled"
        job.cancel_asked = True
        return "asked"

    def end_unheld(self, job_id: str, state: str | None) -> bool:
        """End a job, or only describe it, for somebody without a claim."""
        job = self.jobs[job_id]
        if not job.unheld(self.now):
            return False
        if state:
            self.end(job, state)
        return True

    def reopen(self, job_id: str) -> str:
        """Put a job back into the queue, whatever became of it."""
        job = self.jobs[job_id]
        if job.ended and self.holder(job.name):
            return "target-busy"
        self._arrow("reopen", job, job.state, "queued")
        job.end_seq += 1
        job.attempts = job.lost = 0
        job.state, job.ready_at, job.delayed_by = "queued", self.now - AT_ONCE, None
        job.claim_id = job.worker = job.progress = job.ended_by = None
        job.cancel_asked = False
        job.start_before = job.run_until = job.overrun_at = job.error_code = None
        return "queued"

    def requeue(self, job: Modeled, verb: str, at: datetime, why: str | None) -> None:
        """Put a held job back."""
        self._arrow(verb, job, job.state, "queued")
        job.state, job.ready_at, job.delayed_by = "queued", at, why
        job.claim_id = job.worker = job.lease_seconds = job.progress = None
        job.run_until = job.overrun_at = None

    def end(self, job: Modeled, state: str) -> None:
        """End a job; its dataset is free."""
        self._arrow(_VERB[state], job, job.state, state)
        job.ended_by, job.end_seq, job.state = job.claim_id, job.end_seq + 1, state
        job.claim_id = job.worker = job.lease_seconds = job.ready_at = job.delayed_by = None
        job.run_until = job.overrun_at = None

    def end_spent(self, job: Modeled) -> None:
        """End a job instead of handing it out as it is, or have it wait for its next try."""
        if job.state == "running" and not job.cancel_asked and job.run_over(self.now):
            self._fail_overrun(job)
            return
        code = "not-started-in-time"
        if job.state == "running":
            if job.cancel_asked:
                code = "cancelled"
            elif job.lost + 1 >= MOST_LEASES_LOST:
                code = "quarantined"
            job.lost += 1
            job.note("lease-lost")
        job.error_code = code
        self.end(job, "failed" if code == "not-started-in-time" else code)

    def _fail_overrun(self, job: Modeled) -> None:
        job.attempts += 1
        job.error_code = "ran-too-long"
        job.note("ran-too-long")
        if job.attempts < job.tries and not job.start_over(self.now):
            job.failed_by = job.claim_id
            self.requeue(job, "fail", self.now + timedelta(seconds=self.backoff(job.attempts)), "backing-off")
        else:
            self.end(job, "failed")

    def _arrow(self, verb: str, job: Modeled, source: str | None, target: str = "queued") -> None:
        assert (verb, source, target) in ARROWS
        job.step = None
        self.arrows.append((verb, job.id, source, target))
