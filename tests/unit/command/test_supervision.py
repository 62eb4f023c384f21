"""The main loop hears of signals, whichever thread gets them."""

import queue
import signal
import threading

from job_service.command.supervision import Events, supervise


def test_a_signal_that_does_not_wake_the_main_thread_ends_the_loop_all_the_same():
    events: Events = queue.SimpleQueue()
    called = threading.Event()

    def kill():
        called.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    thread = threading.Thread(target=kill)
    thread.start()
    events.put(called.set)
    supervise([], events)
    thread.join()
