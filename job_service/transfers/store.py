"""The transfers' part of the store."""

from pymongo import IndexModel

from job_service.mongo.database.collections import partial_index
from job_service.mongo.family import Core, FamilyStore
from job_service.transfers.belongings_store import Belongings
from job_service.transfers.credentials_store import TransferCredentials
from job_service.transfers.document import TRANSFER
from job_service.transfers.elements_store import Elements
from job_service.transfers.settling import Settling

_WEEK_SECONDS = 7 * 24 * 3600
#: Unlike the core's index of all jobs of a user, this one leaves out elements.
_BY_OWNER = partial_index(["kind", "createdBy.userId", "_id"], "owner", {"number": {"$gt": 0}})


def _settling(core: Core) -> Settling:
    return Settling(core, Elements(core.collections))


TRANSFER_STORE = FamilyStore(
    kind=TRANSFER,
    indexes={
        "inprogress": (_BY_OWNER,),
        "completed": (_BY_OWNER,),
        "attempt_logs": (),
        "listings": (),
        "transfer_credentials": (IndexModel("endedAt", name="endedAt", expireAfterSeconds=_WEEK_SECONDS),),
    },
    before_move=(
        lambda core: _settling(core).after,
        lambda core: TransferCredentials(core.collections).keep_a_while,
    ),
    duties=(lambda core: _settling(core).sweep,),
    belongings=Belongings,
)
