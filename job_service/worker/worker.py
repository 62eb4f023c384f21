"""The worker: its handlers, its threads, and their orderly end."""

import inspect
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import uuid4

from job_service import logs
from job_service.client import ONCE, Claim, JobServiceClient, RetryPolicy, Where
from job_service.worker.claimer import Claimer, ClaimTerms, Handler, Subscription
from job_service.worker.ending import NOT_AWAITED
from job_service.worker.job import Job
from job_service.worker.orders import Drain, Idle, Orders, Stop
from job_service.worker.reporter import Reporter
from job_service.worker.running import Runner
from job_service.worker.slots import Slots

log = logging.getLogger("job_service.worker")

H = TypeVar("H", bound=Handler)

#: The retry policy for an unreachable service: without an end, with pauses up to this.
PATIENT = RetryPolicy(longest_seconds=15.0)


class Worker:
    """Does jobs until it is told to stop.

        worker = Worker(JobServiceClient("http://127.0.0.1:8000"), concurrency=4)

        @worker.handles("dataset", operation=["ADD"])
        def add(job):
            job.status("importing")
            job.progress(50)
            job.checkpoint()
            return {"rows": 12}

        worker.run()

    A handler's returned value is the job's result. An exception makes the job fail (see `job_service.worker.errors`)
    and affects no other job. Leases of `lease_seconds` (None: as long as the kind says) are renewed while handlers run.
    On SIGTERM or SIGINT the worker claims no more, gives running jobs `grace_seconds` to end, and releases
    the others; a second signal ends the waiting. A worker that an operator drains ends its jobs, without a limit of
    time, and leaves. `ready(kind)` is called before each claim; while it returns False, no
    job of that kind is claimed.

    The worker logs to `job_service.worker`: its start and stop, and the begin and end of each job. In a program that
    has set up no logging, those lines go to standard error (see `job_service.logs`).
    """

    def __init__(  # noqa: PLR0913 - the settings of a worker, each with a default
        self,
        client: JobServiceClient,
        *,
        name: str | None = None,
        concurrency: int = 4,
        lease_seconds: int | None = None,
        wait_seconds: float = 5.0,
        grace_seconds: float = 25.0,
        ready: Callable[[str], bool] = lambda _kind: True,
        retry: RetryPolicy = PATIENT,
    ) -> None:
        self.name = name or f"{socket.gethostname()}-{uuid4().hex[:8]}"
        self._grace_seconds = grace_seconds
        self._terms = ClaimTerms(self.name, lease_seconds, wait_seconds, ready, retry)
        self._subscriptions: list[Subscription] = []
        self._stopping = threading.Event()
        self._orders = Orders()
        self._slots = Slots(concurrency, self._orders.idle)
        self._address = client.address
        self._impatient = client.with_retry(ONCE)
        self._reporter = Reporter(self._impatient, lease_seconds, retry)
        self._runner = Runner(client, self._reporter)

    def handles(  # noqa: PLR0913 - each narrows the jobs, and has a default
        self,
        kind: str,
        *,
        operation: Sequence[str] | None = None,
        target: Sequence[str] | None = None,
        source: str | None = None,
        type: Sequence[str] | None = None,  # noqa: A002 - as above
        key: str | Sequence[str] | None = None,
        label: Mapping[str, str] | None = None,
        give_up_on: tuple[type[Exception], ...] = (),
    ) -> Callable[[H], H]:
        """Make a function the handler of a kind's jobs; the other arguments narrow them.

        Errors of the classes in `give_up_on` end a job without a retry; after others the service retries. Raises
        TypeError where the function is an `async def`.
        """
        where = Where(operation=operation, target=target, source=source, type=type, key=key, label=label)

        def register(handler: H) -> H:
            _require_plain(handler)
            narrowed = where if where.as_json() else None
            self._subscriptions.append(Subscription(kind, handler, narrowed, give_up_on))
            return handler

        return register

    def stop(self) -> None:
        """Stop the worker; a second call ends the waiting for running jobs. May be called from any thread."""
        self._orders.stop()

    def run(self) -> None:
        """Work until stopped. Raises Unauthorized, Forbidden or Invalid where waiting would never bring a job."""
        with logs.for_want_of_another(log):
            self._run()

    def _run(self) -> None:
        with self._orders.on_signals():
            kinds = ", ".join(sorted({subscription.kind for subscription in self._subscriptions}))
            log.info("Worker %s started: %s jobs of %s", self.name, kinds, self._address)
            reporter = self._start_threads()
            order = self._until_told()
            log.info("Worker %s stops", self.name)
            self._stopping.set()
            self._slots.close()
            self._wait_until_idle()
            self._give_back_the_rest()
        self._reporter.close()
        reporter.join(self._grace_seconds)
        log.info("Worker %s stopped", self.name)
        if isinstance(order, Stop) and order.error is not None:
            raise order.error

    def _until_told(self) -> Stop | Idle | None:
        """Wait for a stop, or in a worker that the service has drained for the end of its last job."""
        while isinstance(order := self._orders.next(), Drain):
            log.info("Worker %s is drained: it claims no more, and leaves when its jobs have ended", self.name)
            self._slots.close()
        return order

    def _start_threads(self) -> threading.Thread:
        reporter = self._thread("reporter", self._reporter.run)
        for subscription in self._subscriptions:
            self._thread(f"claims-{subscription.kind}", self._claimer(subscription).run)
        return reporter

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        """Start a thread that the worker needs: when it fails, the worker stops with its error."""

        def guarded() -> None:
            try:
                body()
            except Exception as error:  # noqa: BLE001 - raised again by `run`
                self._orders.stop(error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _claimer(self, subscription: Subscription) -> Claimer:
        def start(claim: Claim) -> None:
            job = Job(claim, self._stopping, self._reporter.wake)
            self._reporter.watch(job)
            threading.Thread(target=self._do, args=(job, subscription), name=job.id, daemon=True).start()

        quota = -(-self._slots.total // len(self._subscriptions))
        stopping, drain = self._stopping, self._orders.drain
        return Claimer(self._impatient, subscription, self._terms, self._slots, quota, start, stopping, drain)

    def _do(self, job: Job, subscription: Subscription) -> None:
        try:
            if self._stopping.is_set():
                self._reporter.forget(job)
                self._runner.release(job)
            else:
                self._runner.run(job, subscription)
        except Exception:
            log.exception("Job %s: the worker failed; the job will be free when its lease ends", job.id)
        finally:
            self._reporter.forget(job)
            self._slots.give(1)

    def _wait_until_idle(self) -> None:
        """Wait for running jobs and open claims, until the grace time is over or a second stop comes."""
        deadline = time.monotonic() + self._grace_seconds
        while (left := deadline - time.monotonic()) > 0:
            order = self._orders.next(left)
            if order is None or isinstance(order, Idle) or (isinstance(order, Stop) and order.error is None):
                return

    def _give_back_the_rest(self) -> None:
        for job in self._reporter.watched():
            self._reporter.forget(job)
            job.lose()
            self._runner.release(job)


def _require_plain(handler: Handler) -> None:
    """Raise TypeError for a handler that would return a coroutine."""
    if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__):
        raise TypeError(f"A handler is a plain function, and {handler!r} is an async def: {NOT_AWAITED}")
