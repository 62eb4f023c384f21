"""The family of datasets: imports, with their targets and inputs."""

from functools import partial

from job_service.datasets import openapi
from job_service.datasets.adapter import Datasets
from job_service.datasets.input_folder import InputFolder
from job_service.datasets.pages import add_importable, add_targets
from job_service.datasets.reservations_store import Reservations
from job_service.datasets.routes import dataset_routes, importable_routes, target_routes
from job_service.datasets.store import DATASET_STORE
from job_service.datasets.submission import NewDatasetJobs
from job_service.datasets.submitter import Submitter
from job_service.datasets.targets_store import Targets
from job_service.datasets.updates import Updates
from job_service.kinds.dialect import Dialect
from job_service.kinds.family import Family, Foundation, Link, OpenFamily


def _open(base: Foundation) -> OpenFamily:
    store, settings = base.store, base.settings
    folder = InputFolder(settings.input_dir, Reservations(store.collections, store.context.clock))
    datasets = Datasets(store, Targets(store.collections))
    updates = Updates(store, base.clients, settings.legacy_lease_seconds)
    new_jobs = NewDatasetJobs(bump_enabled=settings.bump_enabled)
    dialect = Dialect(Submitter(base.verifier).user, new_jobs.of_item, base.batches.create)
    return OpenFamily(
        blueprints=(
            dataset_routes(datasets, updates, base.batches, dialect, store.context.kinds),
            target_routes(datasets),
            importable_routes(folder),
        ),
        dialect=dialect,
        links=(Link("Targets", "console.targets"), Link("Importable", "console.importable")),
        page_of_name="console.target",
        pages=(
            partial(add_targets, datasets=datasets, browsing=base.browsing),
            partial(add_importable, folder=folder),
        ),
    )


DATASETS = Family(DATASET_STORE, openapi.DATASETS, _open)
