"""Two client processes that put load on something, for as long as the benchmarks run.

A load is a function `load(client, *arguments)` of this package: it connects, and returns a step, which does a piece of
work and returns how many jobs that was; 0 ends this client. All clients are connected before the first step is taken.
"""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

Step = Callable[[], int]
Load = Callable[..., Step]

PROCESSES = 2
LONGEST = 300.0
ENDLESS = 10**9


@dataclass(frozen=True)
class Order:
    """What one process is to do: a client, in a thread of its own, for each number."""

    load: Load
    arguments: tuple[Any, ...]
    clients: Sequence[int]
    seconds: float
    calls: int


@dataclass
class Outcome:
    """What clients did between the first one's start and the last one's last success."""

    jobs: int = 0
    calls: int = 0
    begun: float = field(default=float("inf"))
    ended: float = 0.0
    cpu: float = 0.0

    @property
    def seconds(self) -> float:
        return max(self.ended - self.begun, 1e-9)

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return self.jobs / self.seconds

    def add(self, other: "Outcome") -> None:
        self.jobs += other.jobs
        self.calls += other.calls
        self.begun = min(self.begun, other.begun)
        self.ended = max(self.ended, other.ended)
        self.cpu += other.cpu


class Crew:
    """The client processes; they end with this object, and with this process however that ends."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._members: list[tuple[Any, Connection]] = []
        for _ in range(PROCESSES):
            ours, theirs = context.Pipe()
            member = context.Process(target=_serve, args=(theirs,), daemon=True)
            member.start()
            theirs.close()
            self._members.append((member, ours))

    def run(
        self, load: Load, *arguments: Any, clients: int = 1, seconds: float = LONGEST, calls: int = ENDLESS
    ) -> Outcome:
        """Let `clients` work, half of them in each process, until one of these is over or nothing is left to do."""
        numbers = range(clients)
        shares = [numbers[place::PROCESSES] for place in range(PROCESSES)]
        busy = [(pipe, share) for (_, pipe), share in zip(self._members, shares, strict=True) if share]
        for pipe, share in busy:
            pipe.send(Order(load, arguments, share, seconds, calls))
        _gather([pipe for pipe, _ in busy])
        for pipe, _ in busy:
            pipe.send("go")
        total = Outcome()
        for outcome in _gather([pipe for pipe, _ in busy]):
            total.add(outcome)
        return total

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member, pipe in self._members:
            pipe.close()
            member.terminate()
            member.join()


def _gather(pipes: Sequence[Connection]) -> list[Any]:
    answers = [pipe.recv() for pipe in pipes]
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def _serve(pipe: Connection) -> None:
    """Carry out orders until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            order: Order = pipe.recv()
        except EOFError:
            return
        _carry_out(order, pipe)


def _carry_out(order: Order, pipe: Connection) -> None:
    connected, start = threading.Barrier(len(order.clients) + 1), threading.Event()
    clients = [_Client(order, number, connected, start) for number in order.clients]
    for client in clients:
        client.start()
    connected.wait()
    pipe.send("ready")
    pipe.recv()
    cpu = time.process_time()
    start.set()
    total = Outcome()
    for client in clients:
        client.join()
        total.add(client.outcome)
    total.cpu = time.process_time() - cpu
    problem = next((client.problem for client in clients if client.problem), None)
    pipe.send(RuntimeError(f"{type(problem).__name__}: {problem}") if problem else total)


class _Client(threading.Thread):
    """One client of an order."""

    def __init__(self, order: Order, number: int, connected: threading.Barrier, start: threading.Event) -> None:
        super().__init__(daemon=True)
        self.outcome = Outcome()
        self.problem: Exception | None = None
        self._order = order
        self._number = number
        self._connected = connected
        self._start = start

    def run(self) -> None:
        step = self._connect()
        self._connected.wait()
        self._start.wait()
        if step is not None:
            try:
                self._work(step)
            except Exception as problem:  # noqa: BLE001 - it is told to whoever gave the order
                self.problem = problem

    def _connect(self) -> Step | None:
        try:
            return self._order.load(self._number, *self._order.arguments)
        except Exception as problem:  # noqa: BLE001 - as above
            self.problem = problem
            return None

    def _work(self, step: Step) -> None:
        outcome = self.outcome
        outcome.begun = outcome.ended = time.perf_counter()
        deadline = outcome.begun + self._order.seconds
        while outcome.ended < deadline and outcome.calls < self._order.calls:
            jobs = step()
            if not jobs:
                return
            outcome.jobs += jobs
            outcome.calls += 1
            outcome.ended = time.perf_counter()
