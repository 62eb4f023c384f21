"""Changes of gunicorn's behavior: requests that wait end at a stop, an application can refuse to start, and others."""

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
# Seconds that gunicorn itself gives a kept-alive connection at a stop, for a request in flight.
LINGER_SECONDS = 2.0
# How long a thread waits for the next request of the client that it has just answered.
STAY_MILLISECONDS = 5
# The largest body in bytes that is sent with its head: copying a larger one would take longer than a second send.
SHORT_BYTES = 64 * 1024
_OF_THE_CONNECTION = (BlockingIOError, ConnectionError, TimeoutError)


def limit_silence(worker: "Worker", seconds: float) -> None:
    """Limit how long a client may stall in the middle of sending a request, or of reading its answer.

    gunicorn reads and writes with blocking sockets and without a timeout, so that each stalled client would hold a
    thread forever. The sockets that a listening socket accepts inherit its kernel timeouts; connections between two
    requests are polled, which the timeouts do not affect.
    """
    limit = struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
    for listener in worker.sockets:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def say_silence_in_a_line(worker: "Worker") -> None:
    """Log in one line, as for other bad requests, that a client has stalled or its connection broke.

    gunicorn ignores some of these errors, and logs the others, among them the timeouts of `limit_silence`, as errors of
    its own, with a traceback.
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
    """Let a thread that has answered a client wait a moment for the client's next request, while threads are free.

    gunicorn hands each connection back to its main loop after each answer, and from there to a thread again: for a
    client that sends its next request at once, that takes longer than reading the request.
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
    """Stands in for a socket, and buffers the bytes that are sent."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.sendall = self.parts.append


def answer_in_one_piece(response_class: Any) -> None:
    """Let gunicorn's responses send the head of an answer together with the first part of its body.

    gunicorn sends the head separately: one more system call, which wakes the client before the body is there.
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

    gunicorn would otherwise restart the worker forever. To be called before the application is loaded.
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

    gunicorn would end with a traceback in that case.
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
    """Let SIGTERM also end requests that wait; to be called after gunicorn has set its own handlers.

    gunicorn's handler makes the worker stop accepting, and gives running requests `graceful_timeout` seconds, but
    does not notify them. This handler also calls `app.extensions["job_service.drain"]()`, if there is one: once, in the
    main thread, while the requests run in their threads. The function must return at once.
    """
    stop = worker.handle_exit

    def handle(signum: int, frame: FrameType | None) -> None:
        if worker.alive:
            # A signal handler must not take locks; a deferred call runs in the main loop.
            worker.method_queue.defer(_drain, worker)
        stop(signum, frame)

    signal.signal(signal.SIGTERM, handle)
    # As in gunicorn: the system calls of running requests are restarted.
    signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - the function takes it by position only


def _drain(worker: "ThreadWorker") -> None:
    _close_silent_connections(worker)
    drain = getattr(worker.wsgi, "extensions", {}).get(DRAIN)
    if drain is not None:
        try:
            drain()
        except Exception:  # the worker stops also when draining fails
            worker.log.exception("The requests that wait could not be told to end")


def _close_silent_connections(worker: "ThreadWorker") -> None:
    """Close connections without any request soon: gunicorn would wait for their whole keep-alive time."""
    deadline = time.monotonic() + LINGER_SECONDS
    for connection in worker.pending_conns:
        connection.timeout = min(connection.timeout or deadline, deadline)
