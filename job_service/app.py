"""The composition root: settings → database → store → families → Flask. It reads like a parts list."""

import logging
from collections.abc import Sequence

from flask import Flask, Response
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

from job_service.claims.adapter import Claims
from job_service.claims.desk import ClaimDesk
from job_service.claims.routes import claim_routes
from job_service.datasets.adapter import Datasets
from job_service.datasets.document import DATASET, target_changes
from job_service.datasets.routes import dataset_routes, importable_routes, target_routes
from job_service.datasets.submission import Batches
from job_service.datasets.submitter import Submitter
from job_service.jobs.adapter import Jobs
from job_service.jobs.routes import job_routes
from job_service.lifecycle.clock import Clock
from job_service.lifecycle.errors import JobServiceError, Unavailable
from job_service.lifecycle.job import Job
from job_service.lifecycle.retry import RetryPolicy
from job_service.maintenance.routes import maintenance_routes
from job_service.mongo.client import connect, open_database
from job_service.mongo.store import Store, open_store
from job_service.mongo.targets import Targets
from job_service.settings import Settings
from job_service.startup import Readiness
from job_service.web import access, answers, logs, request_ids
from job_service.web.health import health_routes
from job_service.web.jwks import JwksKeys
from job_service.web.jwt import JwtVerifier

_LOG = logging.getLogger(__name__)

FAMILIES = (DATASET,)


def create_app(settings: Settings, store: Store | None = None, clock: Clock | None = None) -> Flask:
    """Return the application. Touches no database: it comes up without one. `store` and `clock` are for tests."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_bytes, INSECURE=settings.job_service_insecure)
    store = store or _open_store(settings, clock)
    desk = ClaimDesk(store.claiming, store.wakeups, settings.waiters)

    request_ids.name_requests(app)
    logs.log_requests(app)
    access.guard(app, access.nobody)
    _answer_errors(app)

    readiness = Readiness(store)
    app.register_blueprint(health_routes(readiness.check))
    app.register_blueprint(claim_routes(Claims(store, desk, {})))
    app.register_blueprint(job_routes(Jobs(store)))
    app.register_blueprint(maintenance_routes(store.maintenance))
    _add_datasets(app, store, settings)

    def drain() -> None:
        store.wakeups.stop()
        desk.drain()

    app.extensions["job_service.store"] = store
    app.extensions["job_service.readiness"] = readiness
    app.extensions["job_service.drain"] = drain
    return app


def _add_datasets(app: Flask, store: Store, settings: Settings) -> None:
    targets = Targets(store.collections)
    datasets = Datasets(store, targets, settings.legacy_lease_seconds)
    batches = Batches(store, bump_enabled=settings.bump_enabled)
    submitter = Submitter(_verifier(settings))

    def keep_targets(jobs: Sequence[Job]) -> None:
        targets.record([change for job in jobs if job["kind"] == "dataset" for change in target_changes(job)])

    store.ending.before_move.append(keep_targets)
    store.sweeper.duties.append(store.reservations.remove_forgotten)
    app.register_blueprint(dataset_routes(datasets, batches, submitter, frozenset(store.terms.families)))
    app.register_blueprint(target_routes(datasets))
    app.register_blueprint(importable_routes(settings.input_dir, store.reservations))


def _open_store(settings: Settings, clock: Clock | None) -> Store:
    password = settings.mongodb_password.get_secret_value() if settings.mongodb_password else None
    client = connect(settings.mongodb_url, settings.mongodb_user, password, settings.threads + 8)
    policy = RetryPolicy(
        settings.max_attempts, settings.max_leases_lost, settings.backoff_seconds, settings.backoff_max_seconds
    )
    return open_store(open_database(client, settings.mongodb_url), FAMILIES, policy, logs.log_transitions, clock)


def _verifier(settings: Settings) -> JwtVerifier | None:
    if not settings.checks_jwt or not settings.jwks_url:
        return None
    audience = "datastore-qa" if settings.stack == "qa" else "datastore"
    return JwtVerifier(JwksKeys(settings.jwks_url), audience)


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
        return answers.unexpected_answer(request_ids.request_id() or "")

    app.register_error_handler(JobServiceError, known)
    app.register_error_handler(HTTPException, refused_by_flask)
    app.register_error_handler(PyMongoError, database_away)
    app.register_error_handler(Exception, unexpected)
