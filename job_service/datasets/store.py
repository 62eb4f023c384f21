"""The datasets' part of the store."""

from job_service.datasets.document import DATASET
from job_service.datasets.reservations_store import Reservations
from job_service.datasets.targets_store import Targets
from job_service.lifecycle.job import ENDED
from job_service.mongo.database.collections import partial_index
from job_service.mongo.family import FamilyStore
from job_service.mongo.verbs.reading import Subject

_BUMPED = "parameters.bumpManifesto.dataStructureUpdates.name"

DATASET_STORE = FamilyStore(
    kind=DATASET,
    indexes={
        "completed": (
            partial_index(["parameters.target", "_id"], "target", {"kind": DATASET.name}),
            partial_index([_BUMPED, "_id"], "bumped", {"type": "BUMP"}),
        ),
        "targets": (),
    },
    before_move=(lambda core: Targets(core.collections).keep_latest_changes,),
    duties=(lambda core: Reservations(core.collections, core.context.clock).remove_forgotten,),
)


def about_target(name: str) -> Subject:
    """Return the condition for the jobs of a dataset, and the bumps that name it."""
    kind = {"kind": DATASET.name}
    bumped = {**kind, "type": "BUMP", _BUMPED: name}
    ended = {**kind, "state": {"$in": sorted(ENDED)}, "formerDatasetName": name}
    return Subject(
        kind=DATASET.name,
        live={"$or": [{**kind, "datasetName": name}, ended, bumped]},
        ended={"$or": [{**kind, "parameters.target": name}, bumped]},
    )
