"""The composition root: settings → database → store → families → Flask."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Flask, Response
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

from job_service import tracing
from job_service.claims.adapter import Claims
from job_service.claims.desk import ClaimDesk
from job_service.claims.openapi import CLAIMS
from job_service.claims.routes import claim_routes
from job_service.claims.workers import worker_routes
from job_service.console.frame import frame_pages
from job_service.console.parts import ConsoleParts
from job_service.console.routes import console_routes
from job_service.families import ALL, STORES
from job_service.jobs.adapter import Jobs
from job_service.jobs.openapi import JOBS, WATCHING
from job_service.jobs.routes import job_routes
from job_service.jobs.watching import watching_routes
from job_service.kinds.adapter import KindBook, result_checks
from job_service.kinds.family import Foundation, OpenFamily
from job_service.kinds.openapi import KINDS
from job_service.kinds.routes import kind_routes
from job_service.kinds.submitting import Submitting
from job_service.kinds.users import submitting_user
from job_service.lifecycle.clock import Clock, SystemClock
from job_service.lifecycle.errors import JobServiceError, Unavailable
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Transition
from job_service.maintenance.openapi import MAINTENANCE
from job_service.maintenance.routes import maintenance_routes
from job_service.mongo.database.availability import available
from job_service.mongo.database.client import connect, open_database
from job_service.mongo.keeping.archive import Archive
from job_service.mongo.keeping.retention import Keeping
from job_service.mongo.keys.secrets import Secrets
from job_service.mongo.keys.tokens import Tokens
from job_service.mongo.store import Store, StoreOptions, open_store
from job_service.mongo.telling.events import Events
from job_service.mongo.verbs.kind_changes import KindChanges
from job_service.mongo.watching.overseeing import Overseeing
from job_service.openapi.routes import openapi_routes
from job_service.settings import Settings
from job_service.signing import Signing
from job_service.startup import Readiness, exposure
from job_service.tokens.openapi import TOKENS
from job_service.tokens.routes import token_routes
from job_service.web import access, answers, logs, request_ids, traces
from job_service.web.broken_bodies import refuse_broken_bodies
from job_service.web.browsers import tell_browsers
from job_service.web.credentials import Credentials
from job_service.web.health import health_routes, hold_back
from job_service.web.jwks import JwksKeys
from job_service.web.jwt import JwtVerifier
from job_service.web.metrics import Metrics, metrics_routes
from job_service.web.numbers import read_numbers_strictly
from job_service.web.proxies import TrustedProxies
from job_service.web.rates import Rates, unlimited
from job_service.web.sessions import Identity, keep_sessions
from job_service.web.timing import time_requests
from job_service.web.trusted_clients import TrustedClients
from job_service.web.utf8 import Utf8Request, refuse_other_paths

#: The hooks of every request.
API = (CLAIMS, KINDS, JOBS, WATCHING, MAINTENANCE, TOKENS, *(family.section for family in ALL))

_LOG = logging.getLogger(__name__)


class Application(Flask):
    """The Flask application, without coroutines as views or hooks, for which Flask would check at each call."""

    request_class = Utf8Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a view or hook unchanged."""
        return func


def create_app(settings: Settings, store: Store | None = None, clock: Clock | None = None) -> Flask:
    """Return the application. Touches no database, so that it starts without one. `store` and `clock` are for tests."""
    app = Application(__name__)
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_bytes, INSECURE=settings.job_service_insecure)
    metrics = Metrics()
    store = store or _open_store(settings, clock, metrics)
    base = Foundation.of(settings, store, Signing(settings, Secrets(store.collections)), _verifier(settings))
    tokens = Tokens(store.collections, store.context.clock)
    credentials = Credentials(tokens, base.verifier, TrustedClients(settings.trusted_clients))

    _watch_requests(app, metrics, settings.trusted_proxies)
    _admit(app, credentials, settings, base.signing)
    _answer_errors(app)

    families = {family.kind.name: family.open(base) for family in ALL}
    jobs = Jobs(store, {name: family.retry for name, family in families.items() if family.retry})
    app.register_blueprint(job_routes(jobs))
    app.register_blueprint(maintenance_routes(store.maintenance))
    overseeing = Overseeing(store.collections, store.context, store.maintenance)
    app.register_blueprint(worker_routes(overseeing, store.maintenance))
    app.register_blueprint(token_routes(tokens, base.signing, SystemClock()))
    for family in families.values():
        for routes in family.blueprints:
            app.register_blueprint(routes)
    parts = ConsoleParts.of(base, jobs, _add_kinds(app, base, families), families, credentials.of_token)
    app.register_blueprint(console_routes(parts, frame_pages(app, store, families)))
    readiness = Readiness(
        store,
        credentials.is_configured,
        exposure(settings.job_service_host, insecure=settings.job_service_insecure),
        duties=(parts.runner.take_up,),
    )
    _run(app, base, families, metrics, readiness, parts.runner.stop)
    return app


def _watch_requests(app: Flask, metrics: Metrics, proxies: Sequence[str]) -> None:
    """Add the layers of every request, in this order: proxies, bodies, request ids, traces, times."""
    if proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, proxies)  # type: ignore[method-assign]  # Flask's documented way
    read_numbers_strictly(app)
    refuse_broken_bodies(app)
    request_ids.name_requests(app)
    traces.trace_requests(app)
    time_requests(app, (logs.log_request, metrics.time_request))
    app.after_request(tell_browsers)


def _admit(app: Flask, credentials: Credentials, settings: Settings, signing: Signing) -> None:
    """Add authentication, authorization and sessions, and refuse URLs that are not UTF-8."""

    def identify() -> Identity | None:
        try:
            return Identity(signing.service(), signing.key("session"))
        except PyMongoError:
            return None

    keep_sessions(app, identify)
    access.guard(app, credentials, _spend(settings))
    refuse_other_paths(app)


def _add_kinds(app: Flask, base: Foundation, families: Mapping[str, OpenFamily]) -> Submitting:
    """Add the routes of kinds; return the submission of jobs of every kind."""
    kinds = base.store.context.kinds
    dialects = {name: family.dialect for name, family in families.items()}
    submitting = Submitting(base.store, base.batches, dialects, submitting_user)
    app.register_blueprint(kind_routes(KindBook(kinds, KindChanges(base.store.collections, kinds)), submitting))
    return submitting


def _run(
    app: Flask,
    base: Foundation,
    families: Mapping[str, OpenFamily],
    metrics: Metrics,
    readiness: Readiness,
    stop_console: Callable[[], None],
) -> None:
    """Add the routes for workers and machines, the background threads, and the orderly stop."""
    store = base.store
    for_worker = {name: family.for_worker for name, family in families.items() if family.for_worker}
    desk = ClaimDesk(store.claiming, store.wakeups, base.settings.waiters, metrics.claims_wait)
    events = Events(store.collections, store.context.kinds, base.settings.streams)
    hold_back(app, readiness.require)
    app.register_blueprint(health_routes(readiness.check))
    app.register_blueprint(claim_routes(Claims(store, desk, for_worker)))
    app.register_blueprint(watching_routes(store.stats, events, store.context.kinds))
    app.register_blueprint(openapi_routes(API))
    app.register_blueprint(metrics_routes(metrics, available(store.stats.gather)))

    def drain() -> None:
        for stop in (store.wakeups.stop, desk.drain, events.stop, stop_console, store.counters.stop):
            stop()

    parts = {"store": store, "readiness": readiness, "drain": drain}
    app.extensions.update({f"job_service.{name}": part for name, part in parts.items()})


def _open_store(settings: Settings, clock: Clock | None, metrics: Metrics) -> Store:
    password = settings.mongodb_password.get_secret_value() if settings.mongodb_password else None
    client = connect(settings.mongodb_url, settings.mongodb_user, password, settings.threads + 8, metrics.time_command)
    policy = RetryPolicy(
        settings.max_attempts, settings.max_leases_lost, settings.backoff_seconds, settings.backoff_max_seconds
    )

    def tell(moves: Sequence[Transition]) -> None:
        logs.log_transitions(moves)
        metrics.observe(moves)

    options = replace(store_options(settings), on_stale=metrics.stale_write, on_drift=metrics.counters_drifted)
    return open_store(open_database(client, settings.mongodb_url), STORES, policy, tell, clock, options)


def store_options(settings: Settings) -> StoreOptions:
    """Return the store's options by the settings."""
    archive = Archive(settings.completed_archive_dir) if settings.completed_archive_dir else None
    keeping = Keeping(settings.completed_retention_days, archive)
    return StoreOptions(check_results=result_checks(), keeping=keeping, most_waiting=settings.max_waiting_jobs or None)


def _spend(settings: Settings) -> Callable[[str], None]:
    rate = settings.rate_per_caller
    return Rates(rate, settings.rate_burst or 10 * rate).spend if rate else unlimited


def _verifier(settings: Settings) -> JwtVerifier | None:
    if not settings.checks_jwt or not settings.jwks_url:
        return None
    audience = "datastore-qa" if settings.stack == "qa" else "datastore"
    return JwtVerifier(JwksKeys(settings.jwks_url), audience, settings.jwt_max_age_seconds)


def _answer_errors(app: Flask) -> None:
    def known(error: JobServiceError) -> Response:
        return answers.error_answer(error)

    def refused_by_flask(error: HTTPException) -> Response:
        return answers.http_error_answer(error)

    def database_away(error: PyMongoError) -> Response:
        _LOG.warning("database away", extra={"reason": type(error).__name__})
        return answers.error_answer(Unavailable("The database is away or could not confirm; try again"))

    def unexpected(error: Exception) -> Response:
        _LOG.exception("unexpected", exc_info=error)
        tracing.failed(error)
        return answers.unexpected_answer(request_ids.request_id() or "")

    app.register_error_handler(JobServiceError, known)
    app.register_error_handler(HTTPException, refused_by_flask)
    app.register_error_handler(PyMongoError, database_away)
    app.register_error_handler(Exception, unexpected)
