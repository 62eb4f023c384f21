"""A WSGI application that is no more than what the tests of `serve` look at."""

import json
import os
import sys
import threading

from pymongo import MongoClient
from pymongo.errors import PyMongoError

Client = MongoClient[dict]

if os.environ.get("TINY_APP_REFUSES"):
    sys.exit("TINY_APP_REFUSES is set, and this application obeys.")


class App:
    def __init__(self):
        self._released = threading.Event()
        self._arrived = 0
        self.extensions = {"job_service.drain": self._released.set}

    def __call__(self, environ, start_response):
        status, answer = getattr(self, "_get_" + environ["PATH_INFO"].strip("/").replace("/", "_"))()
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def _get_health_alive(self):
        return "200 OK", {"worker": os.getpid(), "master": os.getppid(), "waiting": self._arrived}

    def _get_wait(self):
        """Answer when the worker is told to stop."""
        self._arrived += 1
        return "200 OK", {"released": self._released.wait(60)}

    def _get_stuck(self):
        """Answer far too late, whatever the worker is told."""
        self._arrived += 1
        threading.Event().wait(60)
        return "200 OK", {}

    def _get_environment(self):
        return "200 OK", dict(os.environ)

    def _get_insert(self):
        """Acknowledge one more document."""
        try:
            with Client(os.environ["MONGODB_URL"], w="majority", timeoutMS=2000) as client:
                documents = client.get_default_database().documents
                documents.insert_one({})
                return "200 OK", {"documents": documents.count_documents({}), "address": client.address}
        except PyMongoError as problem:
            return "503 Service Unavailable", {"message": str(problem)}


app = App()
