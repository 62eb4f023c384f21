"""The composition root: settings → database → store → families → Flask. It reads like a parts list."""

import logging
from collections.abc import Sequence
from hashlib import sha256

from flask import Flask, Response
from pymongo.errors import PyMongoError
from werkzeug.exceptions import HTTPException

from job_service.claims.adapter import Claims, ForWorker
from job_service.claims.desk import ClaimDesk
from job_service.claims.routes import claim_routes
from job_service.code_jobs.adapter import CodeJobs
from job_service.code_jobs.document import CODE
from job_service.code_jobs.pages import Pages
from job_service.code_jobs.routes import code_routes, shared_routes
from job_service.console.frame import frame_pages
from job_service.console.parts import Parts
from job_service.console.routes import console_routes
from job_service.conversions.adapter import Conversions
from job_service.conversions.document import CONVERSION
from job_service.conversions.routes import conversion_routes
from job_service.datasets.adapter import Datasets
from job_service.datasets.document import DATASET, target_changes
from job_service.datasets.routes import dataset_routes, importable_routes, target_routes
from job_service.datasets.submission import Batches
from job_service.datasets.submitter import Submitter
from job_service.jobs.adapter import Jobs, Retry
from job_service.jobs.routes import job_routes
from job_service.jobs.watching import watching_routes
from job_service.lifecycle.clock import Clock, SystemClock
from job_service.lifecycle.errors import JobServiceError, Unavailable
from job_service.lifecycle.job import Job
from job_service.lifecycle.retry import RetryPolicy
from job_service.lifecycle.transitions import Observer, Transition
from job_service.maintenance.routes import maintenance_routes
from job_service.mongo.attempt_logs import AttemptLogs
from job_service.mongo.availability import available
from job_service.mongo.client import connect, open_database
from job_service.mongo.elements import Elements
from job_service.mongo.encoder_options import EncoderOptions
from job_service.mongo.events import Events
from job_service.mongo.legacy import LegacyClients
from job_service.mongo.listings import Listings
from job_service.mongo.profiles import Profiles
from job_service.mongo.secrets import Secrets
from job_service.mongo.store import Store, open_store
from job_service.mongo.targets import Targets
from job_service.mongo.tokens import Tokens
from job_service.mongo.transfer_credentials import TransferCredentials
from job_service.openapi.routes import openapi_routes
from job_service.settings import Settings
from job_service.signing import Signing
from job_service.startup import Readiness
from job_service.tokens.routes import token_routes
from job_service.transcoding.adapter import TranscodingJobs
from job_service.transcoding.document import TRANSCODING
from job_service.transcoding.profiles import ProfileBook
from job_service.transcoding.routes import register_api
from job_service.transfers.adapter import Transfers
from job_service.transfers.callers import Callers
from job_service.transfers.credentials import Vault
from job_service.transfers.document import KIND, TRANSFER
from job_service.transfers.expansion import Expansion
from job_service.transfers.outputs import Outputs
from job_service.transfers.routes import element_routes, user_routes, worker_routes
from job_service.transfers.settling import Settling
from job_service.transfers.work import Reports, Work
from job_service.web import access, answers, logs, request_ids
from job_service.web.credentials import Credentials
from job_service.web.health import health_routes, hold_back
from job_service.web.jwks import JwksKeys
from job_service.web.jwt import JwtVerifier
from job_service.web.metrics import Metrics, metrics_routes

_LOG = logging.getLogger(__name__)

FAMILIES = (DATASET, TRANSFER, TRANSCODING, CONVERSION, CODE)


def create_app(settings: Settings, store: Store | None = None, clock: Clock | None = None) -> Flask:
    """Return the application. Touches no database: it comes up without one. `store` and `clock` are for tests."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_bytes, INSECURE=settings.job_service_insecure)
    metrics = Metrics()
    store = store or _open_store(settings, clock, metrics.observe)
    desk = ClaimDesk(store.claiming, store.wakeups, settings.waiters)

    request_ids.name_requests(app)
    logs.log_requests(app)
    metrics.time_requests(app)
    verifier = _verifier(settings)
    tokens = Tokens(store.collections, store.terms.clock)
    signing = Signing(settings, Secrets(store.collections))
    credentials = Credentials(tokens, verifier)
    access.guard(app, credentials)
    _answer_errors(app)

    readiness = Readiness(store)
    hold_back(app, readiness.require)
    app.register_blueprint(health_routes(readiness.check))
    for_worker, retries = dict[str, ForWorker](), dict[str, Retry]()
    app.register_blueprint(claim_routes(Claims(store, desk, for_worker)))
    jobs = Jobs(store, retries)
    app.register_blueprint(job_routes(jobs))
    events = Events(store.collections, store.terms.families, settings.streams)
    app.register_blueprint(watching_routes(store.stats, events, store.terms.families))
    app.register_blueprint(metrics_routes(metrics, available(store.stats.gather), lambda: desk.waiting))
    app.register_blueprint(maintenance_routes(store.maintenance))
    app.register_blueprint(openapi_routes())
    app.register_blueprint(token_routes(tokens, signing, SystemClock()))
    _add_datasets(app, store, settings, Submitter(verifier))
    _add_transcoding_and_conversions(app, store, settings)
    for_worker[KIND], retries[KIND] = _add_transfers(app, store, settings, signing)

    code_jobs = CodeJobs(store, settings.code_dir)
    app.register_blueprint(code_routes(code_jobs))
    app.register_blueprint(shared_routes(code_jobs, Pages(code_jobs, settings.code_timeout_seconds)))
    parts_of_console = Parts.of(store, jobs, code_jobs, credentials.of_token, settings)
    _add_console(app, parts_of_console, signing)

    def drain() -> None:
        store.wakeups.stop()
        desk.drain()
        events.stop()
        parts_of_console.runner.stop()
        store.counters.stop()

    parts = {"store": store, "readiness": readiness, "drain": drain}
    app.extensions.update({f"job_service.{name}": part for name, part in parts.items()})
    return app


def _add_datasets(app: Flask, store: Store, settings: Settings, submitter: Submitter) -> None:
    targets = Targets(store.collections)
    datasets = Datasets(store, targets, settings.legacy_lease_seconds)
    batches = Batches(store, bump_enabled=settings.bump_enabled)

    def keep_targets(jobs: Sequence[Job]) -> None:
        targets.record([change for job in jobs if job["kind"] == "dataset" for change in target_changes(job)])

    store.ending.before_move.append(keep_targets)
    store.sweeper.duties.append(store.reservations.remove_forgotten)
    app.register_blueprint(dataset_routes(datasets, batches, submitter, frozenset(store.terms.families)))
    app.register_blueprint(target_routes(datasets))
    app.register_blueprint(importable_routes(settings.input_dir, store.reservations))


def _add_transfers(app: Flask, store: Store, settings: Settings, signing: Signing) -> tuple[ForWorker, Retry]:
    """Return what the worker that holds an element may see beside it, and what retries a transfer."""
    elements, logs_of_attempts = Elements(store.collections), AttemptLogs(store.collections)
    kept = TransferCredentials(store.collections)
    vault, callers = Vault(kept, lambda: _credentials_key(settings, signing)), Callers(signing, SystemClock())
    expansion = Expansion(store, elements, Listings(store.collections))
    settling = Settling(store, elements)
    transfers = Transfers(store, elements, expansion, vault)
    work = Work(transfers, vault, callers, settings.legacy_lease_seconds)
    reports = Reports(store, transfers, logs_of_attempts, expansion, settling)

    def keep_credentials_a_while(jobs: Sequence[Job]) -> None:
        sealed = [job["_id"] for job in jobs if job["kind"] == KIND and "parentId" not in job]
        if sealed:
            kept.ended(sealed, store.terms.clock.now())

    store.ending.before_move.extend([settling.after, keep_credentials_a_while])
    store.sweeper.duties.append(settling.sweep)
    app.register_blueprint(user_routes(transfers, callers))
    app.register_blueprint(element_routes(transfers, Outputs(transfers, logs_of_attempts, expansion), callers))
    app.register_blueprint(worker_routes(store, work, reports, callers))
    return work.for_worker, transfers.retry


def _credentials_key(settings: Settings, signing: Signing) -> bytes:
    configured = settings.credentials_key
    return sha256(configured.get_secret_value().encode()).digest() if configured else signing.key("credentials")


def _add_console(app: Flask, parts: Parts, signing: Signing) -> None:
    def session_key() -> bytes | None:
        try:
            return signing.key("session")
        except PyMongoError:
            return None

    parts.store.sweeper.duties.append(parts.runner.take_up)
    protect = frame_pages(app, parts.store, session_key)
    app.register_blueprint(console_routes(parts, protect))


def _add_transcoding_and_conversions(app: Flask, store: Store, settings: Settings) -> None:
    clients = LegacyClients(store, settings.legacy_lease_seconds, request_ids.request_id)
    profiles = Profiles(store.collections)
    options = EncoderOptions(store.collections, lambda count: store.submission.next_number("encoder-option", count))
    register_api(app, TranscodingJobs(store, clients, profiles, options), ProfileBook(store, profiles, options))
    app.register_blueprint(conversion_routes(Conversions(store, clients)))


def _open_store(settings: Settings, clock: Clock | None, observe: Observer) -> Store:
    password = settings.mongodb_password.get_secret_value() if settings.mongodb_password else None
    client = connect(settings.mongodb_url, settings.mongodb_user, password, settings.threads + 8)
    policy = RetryPolicy(
        settings.max_attempts, settings.max_leases_lost, settings.backoff_seconds, settings.backoff_max_seconds
    )

    def tell(moves: Sequence[Transition]) -> None:
        logs.log_transitions(moves)
        observe(moves)

    return open_store(open_database(client, settings.mongodb_url), FAMILIES, policy, tell, clock)


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
