"""How each family is put together: its parts, its duties, its routes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from flask import Flask

from job_service.claims.adapter import ForWorker
from job_service.code_jobs.adapter import CodeJobs
from job_service.code_jobs.document import CODE
from job_service.code_jobs.openapi import CODE_JOBS
from job_service.code_jobs.pages import Pages
from job_service.code_jobs.routes import code_routes, shared_routes
from job_service.conversions.adapter import Conversions
from job_service.conversions.document import CONVERSION
from job_service.conversions.openapi import CONVERSIONS
from job_service.conversions.routes import conversion_routes
from job_service.datasets.adapter import Datasets
from job_service.datasets.document import DATASET, target_changes
from job_service.datasets.openapi import DATASETS
from job_service.datasets.reservations_store import Reservations
from job_service.datasets.routes import dataset_routes, importable_routes, target_routes
from job_service.datasets.submission import NewDatasetJobs
from job_service.datasets.submitter import Submitter
from job_service.datasets.targets_store import Targets
from job_service.datasets.updates import Updates
from job_service.jobs.adapter import Retry
from job_service.kinds.batches import Batches, Dialect
from job_service.kinds.users import submitting_user
from job_service.lifecycle.clock import SystemClock
from job_service.lifecycle.job import Job
from job_service.mongo.keys.once import Once
from job_service.mongo.legacy import LegacyClients
from job_service.mongo.store import Store
from job_service.settings import Settings
from job_service.signing import Signing
from job_service.transcoding.adapter import TranscodingJobs
from job_service.transcoding.document import TRANSCODING
from job_service.transcoding.openapi import ENCODINGS
from job_service.transcoding.options_store import EncoderOptions
from job_service.transcoding.profiles import ProfileBook
from job_service.transcoding.profiles_store import Profiles
from job_service.transcoding.routes import register_api
from job_service.transfers.adapter import Transfers
from job_service.transfers.callers import Callers
from job_service.transfers.credentials import Vault
from job_service.transfers.credentials_store import TransferCredentials
from job_service.transfers.document import KIND, TRANSFER
from job_service.transfers.elements_store import Elements
from job_service.transfers.expansion import Expansion
from job_service.transfers.listings_store import Listings
from job_service.transfers.logs_store import AttemptLogs
from job_service.transfers.openapi import TRANSFERS
from job_service.transfers.outputs import Outputs
from job_service.transfers.routes import element_routes, user_routes, worker_routes
from job_service.transfers.settling import Settling
from job_service.transfers.work import Reports, Work
from job_service.web import request_ids

#: The descriptions of their APIs.
SECTIONS = (DATASETS, TRANSFERS, ENCODINGS, CONVERSIONS, CODE_JOBS)
FAMILIES = (DATASET, TRANSFER, TRANSCODING, CONVERSION, CODE)


@dataclass(frozen=True, slots=True)
class Foundation:
    """What every family stands on."""

    app: Flask
    settings: Settings
    store: Store
    signing: Signing
    batches: Batches


@dataclass(slots=True)
class Lent:
    """What families lend the core: what only the worker that holds a job may see, and what retries an ended one."""

    for_worker: dict[str, ForWorker] = field(default_factory=dict)
    retries: dict[str, Retry] = field(default_factory=dict)
    dialects: dict[str, Dialect] = field(default_factory=dict)  #: how each takes in jobs


def add_datasets(base: Foundation, lent: Lent, submitter: Submitter) -> None:
    """Add imports of datasets, with their targets and inputs."""
    store, settings = base.store, base.settings
    targets, reservations = Targets(store.collections), Reservations(store.collections, store.context.clock)
    datasets = Datasets(store, targets)
    clients = LegacyClients(store, settings.legacy_lease_seconds, request_ids.request_id)
    updates = Updates(store, clients, settings.legacy_lease_seconds)
    new_jobs = NewDatasetJobs(bump_enabled=settings.bump_enabled)
    dialect = Dialect(submitter.user, new_jobs.of_item, base.batches.create)
    lent.dialects[DATASET.name] = dialect

    def keep_targets(jobs: Sequence[Job]) -> None:
        targets.record([change for job in jobs if job["kind"] == "dataset" for change in target_changes(job)])

    store.moving.before_move.append(keep_targets)
    store.sweeper.duties.append(reservations.remove_forgotten)
    base.app.register_blueprint(dataset_routes(datasets, updates, base.batches, dialect, store.context.kinds))
    base.app.register_blueprint(target_routes(datasets))
    base.app.register_blueprint(importable_routes(settings.input_dir, reservations))


def add_transfers(base: Foundation, lent: Lent) -> None:
    """Add transfers of files, and the elements that they are made of."""
    store = base.store
    elements, logs_of_attempts = Elements(store.collections), AttemptLogs(store.collections)
    kept = TransferCredentials(store.collections)
    vault, callers = Vault(kept, lambda: _credentials_key(base)), Callers(base.signing, SystemClock())
    expansion = Expansion(store, elements, Listings(store.collections))
    settling = Settling(store, elements)
    transfers = Transfers(store, elements, expansion, vault)
    work = Work(transfers, vault, callers, base.settings.legacy_lease_seconds)
    reports = Reports(store, transfers, logs_of_attempts, expansion, settling)

    def keep_credentials_a_while(jobs: Sequence[Job]) -> None:
        sealed = [job["_id"] for job in jobs if job["kind"] == KIND and "parentId" not in job]
        if sealed:
            kept.ended(sealed, store.context.clock.now())

    store.moving.before_move.extend([settling.after, keep_credentials_a_while])
    store.sweeper.duties.append(settling.sweep)
    base.app.register_blueprint(user_routes(transfers, callers))
    base.app.register_blueprint(element_routes(transfers, Outputs(transfers, logs_of_attempts, expansion), callers))
    base.app.register_blueprint(worker_routes(store, work, reports, callers))
    lent.for_worker[KIND], lent.retries[KIND] = work.for_worker, transfers.retry
    lent.dialects[KIND] = Dialect(lambda: {"userId": callers.user()}, transfers.of_parameters, transfers.create)


def _credentials_key(base: Foundation) -> bytes:
    configured = base.settings.credentials_key
    return sha256(configured.get_secret_value().encode()).digest() if configured else base.signing.key("credentials")


def add_transcoding_and_conversions(base: Foundation, lent: Lent) -> None:
    """Add jobs for encoders and for converters, whose clients know nothing of claims."""
    store = base.store
    clients = LegacyClients(store, base.settings.legacy_lease_seconds, request_ids.request_id)
    profiles = Profiles(store.collections)
    options = EncoderOptions(store.collections, lambda count: store.submission.next_number("encoder-option", count))
    transcoding = TranscodingJobs(store, clients, profiles, options)
    register_api(base.app, transcoding, ProfileBook(store, profiles, options))
    lent.dialects[TRANSCODING.name] = Dialect(submitting_user, transcoding.of_parameters, base.batches.create)
    conversions = Conversions(store, clients)
    base.app.register_blueprint(conversion_routes(conversions))
    lent.retries[CONVERSION.name] = conversions.retry
    lent.dialects[CONVERSION.name] = Dialect(submitting_user, conversions.of_parameters, base.batches.create)


def add_code_jobs(base: Foundation, lent: Lent) -> CodeJobs:
    """Add programs of users, with their pages."""
    jobs = CodeJobs(base.store, base.settings.code_dir)
    once = Once(base.store.idempotency, base.store.context.clock)
    base.app.register_blueprint(code_routes(jobs))
    base.app.register_blueprint(shared_routes(jobs, Pages(jobs, once, base.settings.code_timeout_seconds)))
    lent.dialects[CODE.name] = Dialect(submitting_user, jobs.of_parameters, base.batches.create)
    return jobs
