"""Reads recorded requests of a worker."""

import re
from typing import Any

from job_service.worker.recording_proxy import Exchange

FIRST_ERROR = 400

_UPDATE = re.compile(r"/claims/[^/]+/jobs/([^/?]+)")


def is_claim(exchange: Exchange) -> bool:
    """Say whether a request was a claim."""
    return exchange.method == "POST" and exchange.path == "/claims"


def claimed_ids(exchange: Exchange) -> list[str]:
    """List the ids of the claimed jobs."""
    if not is_claim(exchange) or exchange.status >= FIRST_ERROR or not isinstance(exchange.answer, dict):
        return []
    return [claim["job"]["jobId"] for claim in exchange.answer.get("claims", [])]


def updates_of(exchange: Exchange, job_id: str) -> list[dict[str, Any]]:
    """List the accepted updates of a job, sent alone or in a batch."""
    if exchange.method != "PATCH" or exchange.status >= FIRST_ERROR or not isinstance(exchange.request, dict):
        return []
    if one := _UPDATE.fullmatch(exchange.path):
        return [exchange.request] if one[1] == job_id else []
    results = exchange.answer.get("results", []) if isinstance(exchange.answer, dict) else []
    pairs = zip(exchange.request.get("updates", []), results, strict=False)
    return [update for update, result in pairs if update.get("jobId") == job_id and result.get("ok")]
