"""A worker of the work queue: `python pdm_worker.py URL ADDRESS TOKEN ROOT`; ROOT has a folder for each site.

It fetches elements, runs what stands here for the programs of its protocols, and reports. By the slash at the end of
a path it knows a folder that is to be removed. It goes home when all jobs of the user have ended.
"""

import os
import shutil
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from tests.system.old_clients.pdm import BASE, COPY, DUMMY, LIST, MKDIR, REMOVE, RENAME, Queue
from tests.system.old_clients.plain import Line, refuse

FIGURES = {"transferred": -1, "elapsed": 3, "average": -1, "instant": -1}
PLAYED = {"root": [{"st_size": 123, "name": "frank.txt"}]}
HOST = ["worker.example.org", [], ["127.0.0.1"]]
#: What it lives on with: an attempt that is over is a line in its log.
TAKEN = {200, 403}


class Worker:
    def __init__(self, line, root):
        self.line, self.root = line, root

    def fetch(self):
        asked = {
            "types": [LIST, COPY, REMOVE, RENAME, MKDIR],
            "algorithm": "BY_NUMBER",
            "algorithm.args": {"limit": 20},
        }
        answer = self.line.ask("POST", f"{BASE}/worker/jobs", asked)
        if answer.status == 404:
            return []
        if answer.status != 200:
            refuse(answer, "POST worker/jobs")
        return answer.body

    def do(self, job, element):
        assert job["src_credentials"] == ""
        assert job["status"] in range(5)
        assert job["extra_opts"] == {}
        if job["protocol"] == DUMMY:
            return PLAYED
        source = self.place(job["src_siteid"], element["src_filepath"])
        if element["type"] == LIST:
            return self.listing(element["src_filepath"], source)
        if element["type"] == COPY:
            assert job["dst_credentials"] == ""
            target = self.place(job["dst_siteid"], element["dst_filepath"])
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            self.monitor(element)
        elif element["type"] == REMOVE:
            remove(source)
        elif element["type"] == RENAME:
            rename(source, self.place(job["src_siteid"], element["dst_filepath"]))
        else:
            Path(source).mkdir(parents=True, exist_ok=True)
        return None

    def place(self, site, path):
        assert path.startswith("~"), path
        return f"{self.root}/site{site}{path[1:]}"

    def listing(self, asked, source):
        if not Path(source).is_dir():
            return {str(Path(asked).parent): [described(source)]}
        folders = sorted(os.walk(source))
        return {
            asked + place[len(source) :]: [described(f"{place}/{name}") for name in sorted((*below, *files))]
            for place, below, files in folders
        }

    def monitor(self, element):
        body = {"id": f"{element['job_id']}.{element['id']}", **FIGURES}
        self.put(element, "/monitoring", body)

    def report(self, element, listing, log, returncode):
        body = {"returncode": returncode, "host": HOST, "log": log, "timestamp": datetime.now(UTC).isoformat()}
        self.put(element, "", body if listing is None else {**body, "listing": listing})

    def put(self, element, rest_of_path, body):
        path = f"{BASE}/worker/jobs/{element['job_id']}/elements/{element['id']}{rest_of_path}"
        answer = self.line.ask("PUT", path, body, {"X-Token": element["token"]})
        if answer.status not in TAKEN:
            refuse(answer, f"PUT {path}")

    def work(self):
        """Do what there is; say whether there was any."""
        jobs = self.fetch()
        for job in jobs:
            for element in job["elements"]:
                try:
                    listing, log, returncode = self.do(job, element), "it ran", 0
                except OSError as error:
                    listing, log, returncode = None, f"{error}", 1
                self.report(element, listing, log, returncode)
        return bool(jobs)


def described(path):
    found = os.lstat(path)
    return {"name": path.rpartition("/")[2], "st_mode": found.st_mode, "st_size": found.st_size}


def remove(path):
    """Remove as `rm -f` does: what a life before this one has removed is no fault, a folder without a slash is one."""
    try:
        if path.endswith("/"):
            Path(path).rmdir()
        else:
            Path(path).unlink()
    except FileNotFoundError:
        pass


def rename(source, target):
    if Path(source).exists() or not Path(target).exists():
        Path(source).rename(target)


def main(base, address, token, root):
    line = Line(base, address)
    worker, queue = Worker(line, root), Queue(line, token)
    while not queue.all_ended():
        if not worker.work():
            threading.Event().wait(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
