"""The empty route: what gunicorn and Flask cost alone, reading and answering as much as the service does."""

from typing import Any

import orjson
from flask import Flask, Response, request

app = Flask(__name__)

ITEM = {"jobId": "0" * 36, "claimId": "0" * 32, "ok": True, "action": "continue"}


@app.get("/")
def nothing() -> Response:
    return Response(b"{}", mimetype="application/json")


@app.post("/")
def batch() -> Response:
    body: Any = orjson.loads(request.get_data())
    return Response(orjson.dumps({"results": [ITEM for _ in body["updates"]]}), mimetype="application/json")
