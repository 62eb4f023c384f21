"""Metrics for Prometheus: counters of the processes of this instance, and gauges of the database.

Counters and histograms are summed over the processes of one gunicorn through files (PROMETHEUS_MULTIPROC_DIR, which
`command/gunicorn_config.py` sets); gauges are the same from every instance. No label holds a job, a target or a user,
nor any other value that a caller may choose.
"""

import os
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from flask import Blueprint, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from job_service.lifecycle.errors import Unavailable
from job_service.lifecycle.job import ENDED, State
from job_service.lifecycle.transitions import Transition
from job_service.web.access import Role, allows
from job_service.web.present import method_of

_PREFIX = "job_service"
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 86400)
_RUNS = (0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400)
_REQUESTS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_COMMANDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: The labels of the counter of transitions.
_ALIKE = attrgetter("verb", "kind", "source", "target")

ReadStats = Callable[[], Mapping[str, Any]]


class Metrics:
    """The metrics of one application; `observe` gets every transition of a job."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._submitted = self._counter("jobs_submitted", "Jobs taken in", "kind")
        self._claimed = self._counter("jobs_claimed", "Jobs handed out", "kind")
        self._finished = self._counter("jobs_finished", "Jobs that ended", "kind", "state")
        self._requeued = self._counter("jobs_requeued", "Jobs given back, or to be tried again", "kind", "why")
        self._quarantined = self._counter("jobs_quarantined", "Jobs that lost too many workers", "kind")
        self._lost = self._counter("jobs_leases_lost", "Leases that ran out", "kind")
        self._refused = self._counter("jobs_stale_writes_refused", "Late writes of workers that were refused", "op")
        self._waited = self._histogram("jobs_start_latency_seconds", "From claimable to claimed", _WAITS, "kind")
        self._ran = self._histogram("jobs_run_seconds", "From claimed to ended", _RUNS, "kind", "state")
        self._requests = self._histogram(
            "http_request_duration_seconds", "Requests by route", _REQUESTS, "route", "method", "code"
        )
        self._commands = self._histogram(
            "mongodb_command_seconds", "What the database is asked for", _COMMANDS, "command"
        )
        # Children by label are kept here, since looking one up in prometheus-client is slow.
        self._request, self._command = cache(self._requests.labels), cache(self._commands.labels)
        self._drift = self._counter("jobs_counter_drift", "By how much recounts found the counters of jobs wrong")
        self._waiters = Gauge(
            "waiters",
            "Claims that wait for jobs",
            namespace=_PREFIX,
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def observe(self, transitions: Sequence[Transition]) -> None:
        """Count transitions of jobs; those of a batch with equal labels are counted in one step."""
        for (verb, kind, source, target), times in Tally(map(_ALIKE, transitions)).items():
            for counter, labels in self._counted(verb, kind, source, target):
                counter.labels(*labels).inc(times)
        for move in transitions:
            if move.verb == "claim":
                self._waited.labels(move.kind).observe(move.waited or 0.0)
            if move.ran is not None:
                self._ran.labels(move.kind, move.target).observe(move.ran)

    def _counted(
        self, verb: str, kind: str, source: State | None, target: State
    ) -> Iterator[tuple[Counter, tuple[str, ...]]]:
        if source is None and verb == "create":
            yield self._submitted, (kind,)
        elif verb in {"claim", "takeover"}:
            yield self._claimed, (kind,)
        elif target is State.QUEUED:
            yield self._requeued, (kind, verb)
        if (verb, source) == ("claim", State.RUNNING) or verb == "sweep":
            yield self._lost, (kind,)
        if target in ENDED:
            yield self._finished, (kind, target.value)
        if target is State.QUARANTINED:
            yield self._quarantined, (kind,)

    def stale_write(self, op: str) -> None:
        """Count a write with an outdated fencing token: an `update`, `end` or `release`."""
        self._refused.labels(op).inc()

    def counters_drifted(self, jobs: int) -> None:
        """Count the jobs by which the stored counters were wrong."""
        self._drift.inc(jobs)

    def claims_wait(self, count: int) -> None:
        """Set how many claims wait in this process."""
        self._waiters.set(count)

    def time_command(self, command: str, seconds: float) -> None:
        """Measure a command that was sent to the database."""
        self._command(command).observe(seconds)

    def time_request(self, asked: Request, response: Response, seconds: float) -> None:
        """Measure a request by its route and method; unknown paths share one label, and so do unknown methods."""
        route = asked.url_rule.rule if asked.url_rule else "unknown"
        self._request(route, method_of(asked), str(response.status_code)).observe(seconds)

    def scrape(self, stats: ReadStats) -> bytes:
        """Return everything in the text format of Prometheus."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # noqa: TID251  prometheus-client's own way of being told
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client does not say
        gauges = CollectorRegistry()
        gauges.register(_Gauges(stats))
        return generate_latest(registry) + generate_latest(gauges)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, namespace=_PREFIX, registry=self._registry)

    def _histogram(self, name: str, what: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, what, labels, namespace=_PREFIX, registry=self._registry, buckets=buckets)


class _Gauges(Collector):
    """Gauges from the database; while that is unavailable, only the gauge that says so."""

    def __init__(self, stats: ReadStats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges of one scrape."""
        try:
            stats: Mapping[str, Any] | None = self._stats()
        except Unavailable:
            stats = None
        yield _gauge("mongodb_up", "Whether the database answers", 1.0 if stats else 0.0)
        if stats is None:
            return
        yield _gauge("jobs_paused", "Whether the maintenance flag stops new starts", 1.0 if stats["paused"] else 0.0)
        jobs = GaugeMetricFamily(f"{_PREFIX}_jobs", "Jobs by kind and state", labels=["kind", "state"])
        ages = GaugeMetricFamily(
            f"{_PREFIX}_jobs_oldest_claimable_age_seconds",
            "How long the oldest claimable job has waited",
            labels=["kind"],
        )
        alive = GaugeMetricFamily(f"{_PREFIX}_workers_alive", "Workers that asked for jobs lately", labels=["kind"])
        workers = Tally(kind for kind, _ in {(one["kind"], one["worker"]) for one in stats["workers"]})
        for kind, figures in stats["kinds"].items():
            ages.add_metric([kind], figures["oldestClaimableSeconds"] or 0.0)
            alive.add_metric([kind], workers[kind])
            for state, count in figures["states"].items():
                jobs.add_metric([kind, state], count)
        yield from (jobs, ages, alive)


def metrics_routes(metrics: Metrics, stats: ReadStats) -> Blueprint:
    """Return the route `/metrics`; `stats` raises Unavailable while the database is unavailable."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    @allows(Role.VIEW)
    def scrape() -> Response:
        return Response(metrics.scrape(stats), content_type=_CONTENT_TYPE)

    return routes


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", what, value=value)
