"""What transfers bring to the store."""

from job_service.mongo.family import Core, FamilyStore
from job_service.transfers.belongings_store import Belongings
from job_service.transfers.credentials_store import TransferCredentials
from job_service.transfers.document import TRANSFER
from job_service.transfers.elements_store import Elements
from job_service.transfers.settling import Settling


def _settling(core: Core) -> Settling:
    return Settling(core, Elements(core.collections))


TRANSFER_STORE = FamilyStore(
    kind=TRANSFER,
    before_move=(
        lambda core: _settling(core).after,
        lambda core: TransferCredentials(core.collections).keep_a_while,
    ),
    duties=(lambda core: _settling(core).sweep,),
    belongings=Belongings,
)
