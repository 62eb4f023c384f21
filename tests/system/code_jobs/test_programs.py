"""Programs by JSON, through `serve` and the worker that it starts."""

import threading
import time
from pathlib import Path

from tests.system.code_jobs.asking import at_once, shown, submit
from tests.system.serving.service import descendants

ENDLESS = "while True:\n    pass"
AT_ONCE = 50
PLACES = 2


def test_the_sum_of_two_numbers(service):
    job = submit(service.http, "print(a + b)", wait=30, a=5, b=3)
    assert job == {"job_id": job["job_id"], "uid": 1, "status": "DONE", "result": "8\n", "log": []}
    assert shown(service.http, job["job_id"]) == job


def test_a_program_of_the_folder(service):
    answer = service.http.post("/code-jobs?wait=30", json={"uid": 1, "file": "soma.py", "input": {"a": 5, "b": 3}})
    assert (answer.json()["status"], answer.json()["result"]) == ("DONE", "8\n")


def test_an_exception_is_an_error_with_its_traceback(service):
    job = submit(service.http, "print('before')\n1/0", wait=30)
    assert (job["status"], job["result"]) == ("ERROR", "before\n")
    assert job["log"][0].startswith("Traceback (most recent call last):")
    assert 'File "program.py", line 2' in job["log"][0]
    assert job["log"][-1] == "The program ended with exit status 1: ZeroDivisionError: division by zero"


def test_an_endless_program_is_stopped_and_the_next_one_runs(service):
    begun = time.monotonic()
    job = submit(service.http, ENDLESS, wait=30)
    assert job["status"] == "ERROR"
    assert job["log"] == ["The program was stopped after 2 seconds."]
    assert 2 <= time.monotonic() - begun < 10
    assert service.http.get("/health/ready").status_code == 200
    assert submit(service.http, "print(a + b)", wait=30, a=5, b=3)["result"] == "8\n"


class Watched(threading.Thread):
    """Counts the processes below the worker, again and again, until told to stop."""

    def __init__(self, worker):
        super().__init__()
        self.worker, self.over, self.most_below = worker, threading.Event(), 0

    def run(self):
        while not self.over.wait(0.02):
            self.most_below = max(self.most_below, len(descendants(self.worker)))

    def peak_bytes(self):
        """Give the most memory that the worker itself ever had resident."""
        status = Path(f"/proc/{self.worker}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_fifty_jobs_at_once_all_end_with_as_many_programs_as_there_are_places(service, record_testsuite_property):
    watched = Watched(service.worker())
    watched.start()
    begun = time.monotonic()
    numbers = at_once(AT_ONCE, lambda n: submit(service.http, "print(n)", n=n)["job_id"])
    ended = [shown(service.http, number, wait=30) for number in numbers]
    seconds = time.monotonic() - begun
    watched.over.set()
    watched.join()

    assert len(set(numbers)) == AT_ONCE
    assert [(job["status"], job["result"]) for job in ended] == [("DONE", f"{n}\n") for n in range(AT_ONCE)]
    # Bubblewrap, what it watches over, and the moment between a fork and its program.
    assert 1 <= watched.most_below <= 3 * PLACES
    assert watched.peak_bytes() < 150e6
    assert service.http.get("/health/ready").status_code == 200
    record_testsuite_property("seconds for fifty", round(seconds, 2))
    record_testsuite_property("most processes", watched.most_below)
    record_testsuite_property("worker's peak megabytes", round(watched.peak_bytes() / 1e6))
