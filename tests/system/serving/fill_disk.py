"""Fill the small disk of a private mongod, make room, and start it again: `fill_disk.py FOLDER`, as root.

Says as JSON how many documents were acknowledged, why it was given up, and how many were there afterwards.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from job_service.embedded.errors import CannotRun
from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.replica_set import initiate

Client = MongoClient[dict]
folder = sys.argv[1]


def documents(client):
    return client.get_default_database().documents


def write_until_it_fails(url):
    """Give the number of writes that were acknowledged."""
    acknowledged = 0
    with Client(url, w="majority", timeoutMS=5000) as client:
        while True:
            try:
                documents(client).insert_one({"_id": acknowledged, "payload": os.urandom(256 * 1024)})
            except PyMongoError:
                return acknowledged
            acknowledged += 1


def keep_up_until_given_up(mongod):
    """Give the sentence that names the reason."""
    due = None
    while True:
        if due is None:
            os.waitid(os.P_PID, mongod.pid, os.WEXITED | os.WNOWAIT)
        try:
            due = mongod.keep_up(due or time.monotonic())
        except CannotRun as problem:
            return str(problem)


subprocess.run(["mount", "-t", "tmpfs", "-o", "size=110m", "tmpfs", folder], check=True)
with PrivateMongod(Path(folder)) as first:
    first.start(initiate)
    acknowledged = write_until_it_fails(first.url)
    sentence = keep_up_until_given_up(first)
subprocess.run(["mount", "-o", "remount,size=400m", folder], check=True)
with PrivateMongod(Path(folder)) as second:
    second.start(initiate)
    with Client(second.url) as client:
        kept = documents(client).count_documents({"_id": {"$lt": acknowledged}})
json.dump({"acknowledged": acknowledged, "sentence": sentence, "kept": kept}, sys.stdout)
