"""What gunicorn leaves out: to tell those who wait when it stops, and to take no for an answer when it starts."""

import select
import signal
import socket
import struct
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker
    from gunicorn.workers.gthread import TConn, ThreadWorker

DRAIN = "job_service.drain"
# As long as gunicorn itself gives a kept-alive connection then, for a request that may be on its way.
LINGER_SECONDS = 2.0
# How long a thread waits for the next request of the client that it has just answered.
STAY_MILLISECONDS = 5
# What is longer goes out as it is: to copy it behind the head would take longer than to send it on its own.
SHORT_BYTES = 64 * 1024
_OF_THE_CONNECTION = (BlockingIOError, ConnectionError, TimeoutError)


def limit_silence(worker: "Worker", seconds: float) -> None:
    """Let a client be silent for so long in the middle of a request, or of taking its answer, and no longer.

    gunicorn reads and writes with blocking sockets and without a limit, so that each stalled client would keep a thread
    for ever. The kernel's limits are inherited by what a listening socket accepts; connections between two requests are
    waited for in another way, which they do not touch.
    """
    limit = struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
    for listener in worker.sockets:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def say_silence_in_a_line(worker: "Worker") -> None:
    """Have the log say in one line, as of other bad requests, that a client fell silent or its connection broke.

    gunicorn passes over some of these, and takes the others, among them the limits of `limit_silence`, for faults of
    its own: a traceback each.
    """
    trace = worker.log.exception

    def say(message: str, *args: object, **kwargs: Any) -> None:
        problem = sys.exception()
        if isinstance(problem, _OF_THE_CONNECTION):
            worker.log.warning("A client fell silent in the middle of a request, or was cut off: %s", problem.strerror)
        else:
            trace(message, *args, **kwargs)

    worker.log.exception = say


def stay_with_clients(worker: "ThreadWorker") -> None:
    """Let a thread that has answered a client wait a moment for its next request, while there are threads to spare.

    gunicorn hands each connection back to its main loop after each answer, and from there to a thread again: for a
    client that asks at once, that takes longer than reading the request does.
    """
    handle = worker.handle

    def handle_more(conn: "TConn") -> object:
        kept = handle(conn)
        while kept is True and worker.alive and _has_threads_to_spare(worker) and _asks_again(conn):
            kept = handle(conn)
        return kept

    worker.handle = handle_more


def _has_threads_to_spare(worker: "ThreadWorker") -> bool:
    with_threads = worker.nr_conns - len(worker.keepalived_conns) - len(worker.pending_conns)
    return bool(with_threads < worker.cfg.threads)


def _asks_again(conn: "TConn") -> bool:
    if conn.parser.unreader.buf.getvalue():
        return True
    readable = select.poll()
    readable.register(conn.sock, select.POLLIN)
    return bool(readable.poll(STAY_MILLISECONDS))


class _Held:
    """Takes the place of a socket, and keeps what is sent."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.sendall = self.parts.append


def answer_in_one_piece(response_class: Any) -> None:
    """Have gunicorn's responses send the head of an answer together with the first part of its body.

    gunicorn sends the head on its own: one more system call, which wakes the client for an answer that it has not got.
    """
    write = response_class.write

    def write_together(response: Any, part: bytes) -> None:
        if response.headers_sent or len(part) > SHORT_BYTES:
            write(response, part)
            return
        sock, held = response.sock, _Held()
        response.sock = held
        try:
            write(response, part)
        finally:
            response.sock = sock
        sock.sendall(b"".join(held.parts))

    response_class.write = write_together


def end_on_refusal(worker: "Worker") -> None:
    """Let an application that ends its import with SystemExit and a sentence end gunicorn with that sentence.

    gunicorn would otherwise start the worker again, and again, for ever. Call it before the application is loaded.
    """
    load = worker.load_wsgi

    def load_or_refuse() -> None:
        from gunicorn.arbiter import Arbiter

        try:
            load()
        except SystemExit as refusal:
            worker.log.critical(str(refusal))
            raise SystemExit(Arbiter.APP_LOAD_ERROR) from refusal

    worker.load_wsgi = load_or_refuse


def stop_once(arbiter: "Arbiter") -> None:
    """Let gunicorn's master stop in good order when a second worker refuses to start while it stops for the first.

    By itself it ends with a traceback then.
    """
    from gunicorn.errors import HaltServer

    stop = arbiter.stop

    def stop_whoever_refuses(*how: bool) -> None:
        try:
            stop(*how)
        except HaltServer:
            stop_whoever_refuses(*how)

    arbiter.stop = stop_whoever_refuses


def drain_on_sigterm(worker: "ThreadWorker") -> None:
    """Have SIGTERM also let the requests end that wait for something; call it once gunicorn has set its own handlers.

    gunicorn's handler makes the worker accept nothing more, and gives running requests `graceful_timeout` seconds, but
    does not tell them. With this, `app.extensions["job_service.drain"]()` is called then, if there is one: once, in the
    main thread, while the requests run in theirs. It must return at once.
    """
    stop = worker.handle_exit

    def handle(signum: int, frame: FrameType | None) -> None:
        if worker.alive:
            # A signal handler may take no lock; what is deferred runs in the main loop.
            worker.method_queue.defer(_drain, worker)
        stop(signum, frame)

    signal.signal(signal.SIGTERM, handle)
    # As gunicorn has it: the system calls of running requests go on.
    signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - the function takes it by position only


def _drain(worker: "ThreadWorker") -> None:
    _close_silent_connections(worker)
    drain = getattr(worker.wsgi, "extensions", {}).get(DRAIN)
    if drain is not None:
        try:
            drain()
        except Exception:  # the worker's stop goes on whatever became of it
            worker.log.exception("The requests that wait could not be told to end")


def _close_silent_connections(worker: "ThreadWorker") -> None:
    """Close connections on which nothing was ever said soon: gunicorn would wait out their whole keepalive."""
    deadline = time.monotonic() + LINGER_SECONDS
    for connection in worker.pending_conns:
        connection.timeout = min(connection.timeout or deadline, deadline)
