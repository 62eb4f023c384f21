import errno
import io
import os
import socket
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.errors import HaltServer
from gunicorn.http.wsgi import Response

from job_service.command.gunicorn_hooks import (
    SHORT_BYTES,
    answer_in_one_piece,
    say_silence_in_a_line,
    stay_with_clients,
    stop_once,
)


class Connection:
    """A connection of gunicorn, and its client's end."""

    def __init__(self):
        self.sock, self.client = socket.socketpair()
        self.parser = SimpleNamespace(unreader=SimpleNamespace(buf=io.BytesIO()))


@pytest.fixture
def connection():
    made = Connection()
    yield made
    made.sock.close()
    made.client.close()


def worker_that_answers(*, keeps=True, connections=1, alive=True):
    """Make a worker of two threads that answers each request there is by reading it."""
    answered = []

    def handle(conn):
        answered.append(conn.sock.recv(3))
        return keeps and bool(answered[-1])

    worker = SimpleNamespace(
        handle=handle,
        alive=alive,
        nr_conns=connections,
        keepalived_conns=[],
        pending_conns=[],
        cfg=SimpleNamespace(threads=2),
    )
    stay_with_clients(worker)
    return worker, answered


def test_a_client_that_asks_again_at_once_is_answered_by_the_same_thread(connection):
    worker, answered = worker_that_answers()
    connection.client.sendall(b"onetwo")
    assert worker.handle(connection) is True
    assert answered == [b"one", b"two"]


def test_a_client_that_has_gone_is_found_out(connection):
    worker, answered = worker_that_answers()
    connection.client.sendall(b"one")
    connection.client.shutdown(socket.SHUT_WR)
    assert worker.handle(connection) is False
    assert answered == [b"one", b""]


@pytest.mark.parametrize("how", [{"connections": 2}, {"keeps": False}, {"alive": False}])
def test_a_thread_that_is_wanted_elsewhere_does_not_stay(connection, how):
    worker, answered = worker_that_answers(**how)
    connection.client.sendall(b"onetwo")
    worker.handle(connection)
    assert answered == [b"one"]


def test_a_connection_that_waits_in_the_main_loop_holds_no_thread(connection):
    worker, answered = worker_that_answers(connections=2)
    worker.keepalived_conns.append("another")
    connection.client.sendall(b"onetwo")
    worker.handle(connection)
    assert answered == [b"one", b"two"]


class Sent:
    """The pieces in which an answer goes out."""

    def __init__(self):
        self.pieces: list[bytes] = []
        self.sendall = self.pieces.append


def sent(*parts, method="GET", headers=()):
    """Give the pieces in which gunicorn answers these parts."""
    # A class of its own, so that the responses of other tests stay as gunicorn has them.
    together = type("Together", (Response,), {})
    answer_in_one_piece(together)
    asked = SimpleNamespace(method=method, version=(1, 1), headers=[], should_close=lambda: False)
    socket = Sent()
    response = together(asked, socket, Config())
    response.start_response("200 OK", list(headers))
    for part in parts:
        response.write(part)
    response.close()
    return socket.pieces


def test_an_answer_goes_out_with_its_head():
    [answer] = sent(b"[1, 2]", headers=[("Content-Length", "6")])
    head, body = answer.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"[1, 2]"


def test_what_follows_goes_out_as_it_comes():
    first, *rest = sent(b"one", b"two")
    assert first.endswith(b"\r\n\r\n3\r\none\r\n")
    assert rest == [b"3\r\ntwo\r\n", b"0\r\n\r\n"]


def test_a_long_answer_is_not_copied():
    body = b"x" * (SHORT_BYTES + 1)
    head, sent_body = sent(body, headers=[("Content-Length", str(len(body)))])
    assert head.endswith(b"\r\n\r\n")
    assert sent_body is body


@pytest.mark.parametrize("parts", [(), (b"",)])
def test_the_answer_to_a_head_request_is_a_head(parts):
    [answer] = sent(*parts, method="HEAD", headers=[("Content-Length", "6")])
    assert answer.endswith(b"\r\n\r\n")


@pytest.fixture
def said():
    """The lines and the tracebacks of a worker's log, by `fail(problem)`, which meets a problem as gunicorn does."""
    lines: list[str] = []
    traced: list[str] = []
    log = SimpleNamespace(warning=lambda line, *args: lines.append(line % args), exception=traced.append)
    say_silence_in_a_line(SimpleNamespace(log=log))

    def fail(problem):
        try:
            raise problem
        except OSError:
            log.exception("Socket error processing request.")
        return lines, traced

    return fail


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ETIMEDOUT, errno.ECONNABORTED])
def test_a_client_that_falls_silent_is_one_line(said, number):
    lines, traced = said(OSError(number, os.strerror(number)))
    assert traced == []
    assert lines == [f"A client fell silent in the middle of a request, or was cut off: {os.strerror(number)}"]


def test_a_fault_of_our_own_keeps_its_traceback(said):
    assert said(OSError(errno.ENOSPC, "No space left on device")) == ([], ["Socket error processing request."])


def test_workers_that_all_refuse_to_start_end_the_master_in_good_order():
    refusals, stopped = [HaltServer("no", 4), HaltServer("no", 4)], []

    def stop(graceful):
        if refusals:
            raise refusals.pop()
        stopped.append(graceful)

    arbiter = SimpleNamespace(stop=stop)
    stop_once(arbiter)
    arbiter.stop(False)
    assert stopped == [False]
