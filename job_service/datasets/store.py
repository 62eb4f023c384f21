"""What datasets bring to the store."""

from job_service.datasets.document import DATASET
from job_service.datasets.reservations_store import Reservations
from job_service.datasets.targets_store import Targets
from job_service.mongo.family import FamilyStore

DATASET_STORE = FamilyStore(
    kind=DATASET,
    before_move=(lambda core: Targets(core.collections).keep_last_word,),
    duties=(lambda core: Reservations(core.collections, core.context.clock).remove_forgotten,),
)
