"""The family of transfers: files to copy, and the elements that such a job is made of."""

from hashlib import sha256

from job_service.kinds.dialect import Dialect
from job_service.kinds.family import Family, Foundation, OpenFamily
from job_service.lifecycle.clock import SystemClock
from job_service.transfers import openapi
from job_service.transfers.adapter import Transfers
from job_service.transfers.callers import Callers
from job_service.transfers.credentials import Vault
from job_service.transfers.credentials_store import TransferCredentials
from job_service.transfers.elements_store import Elements
from job_service.transfers.expansion import Expansion
from job_service.transfers.listings_store import Listings
from job_service.transfers.logs_store import AttemptLogs
from job_service.transfers.outputs import Outputs
from job_service.transfers.routes import element_routes, user_routes, worker_routes
from job_service.transfers.settling import Settling
from job_service.transfers.store import TRANSFER_STORE
from job_service.transfers.work import Reports, Work


def _open(base: Foundation) -> OpenFamily:
    store = base.store
    elements, logs_of_attempts = Elements(store.collections), AttemptLogs(store.collections)
    kept = TransferCredentials(store.collections)
    vault, callers = Vault(kept, lambda: _credentials_key(base)), Callers(base.signing, SystemClock())
    expansion = Expansion(store, elements, Listings(store.collections))
    settling = Settling(store, elements)
    transfers = Transfers(store, elements, expansion, vault)
    work = Work(store, transfers, vault, callers.sign_element, base.settings.legacy_lease_seconds)
    reports = Reports(store, transfers, logs_of_attempts, expansion, settling)
    return OpenFamily(
        blueprints=(
            user_routes(transfers, callers),
            element_routes(transfers, Outputs(transfers, logs_of_attempts, expansion), callers),
            worker_routes(work, reports, callers),
        ),
        dialect=Dialect(lambda: {"userId": callers.user()}, transfers.of_parameters, transfers.create),
        retry=transfers.retry,
        for_worker=work.for_worker,
    )


def _credentials_key(base: Foundation) -> bytes:
    configured = base.settings.credentials_key
    return sha256(configured.get_secret_value().encode()).digest() if configured else base.signing.key("credentials")


TRANSFERS = Family(TRANSFER_STORE, openapi.TRANSFERS, _open)
