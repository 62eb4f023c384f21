"""The command of the work queue's users: `python pdm_command.py URL ADDRESS TOKEN`.

It prints `jobs`, and `status` of a job and its elements and `output` of the first three, when all have ended.
"""

import sys
import threading

from tests.system.old_clients.pdm import Queue
from tests.system.old_clients.plain import Line

COLUMNS = ("id", "type", "status", "timestamp", "priority", "protocol", "log_uid")
PLACES = ("src_siteid", "src_filepath", "dst_siteid", "dst_filepath")
NUMBERS = ("num_elements", "num_new", "num_done", "num_failed", "num_submitted", "num_running")
FIGURES = ("transferred", "instant", "average", "elapsed")


def row(job, *more):
    return [job[column] for column in (*COLUMNS, *PLACES, *more)]


def print_jobs(queue):
    jobs = queue.get("/jobs")
    for job in jobs:
        print(*row(job, *NUMBERS), job["extra_opts"])  # noqa: T201  it is a command
    return jobs


def print_status(queue, job):
    shown = queue.get(f"/jobs/{job}/status")
    print(f"Job {shown['jobid']}: {shown['status']}")  # noqa: T201  it is a command
    for element in queue.get(f"/jobs/{job}/elements"):
        told = queue.get(f"/jobs/{job}/elements/{element['id']}/status")
        figures = [told[name] if told[name] == "N/A" else f"{float(told[name]):.1f}" for name in FIGURES]
        print(f"{job}.{told['elementid']}", told["status"], told["attempts"], *figures)  # noqa: T201  it is a command


def print_output(queue, job):
    for output in queue.get(f"/jobs/{job}/output"):
        print(output["jobid"], output["elementid"], output["attempt"], output["type"], output["status"])  # noqa: T201  as above
        print(output["log"])  # noqa: T201  it is a command
        if output["type"] == "LIST" and output["status"] == "DONE":
            print(sorted(output["listing"].items()))  # noqa: T201  it is a command


def main(base, address, token):
    queue = Queue(Line(base, address), token)
    while not queue.all_ended():
        threading.Event().wait(0.1)
    for job in print_jobs(queue)[:3]:
        print_status(queue, job["id"])
        print_output(queue, job["id"])


if __name__ == "__main__":
    main(*sys.argv[1:])
