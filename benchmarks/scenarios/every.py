"""Every scenario, in the order in which they are run."""

from benchmarks.scenarios.backlog import BACKLOGS
from benchmarks.scenarios.claiming import CLAIMING
from benchmarks.scenarios.draining import DRAINING
from benchmarks.scenarios.empty_route import EMPTY_ROUTE
from benchmarks.scenarios.finishing import FINISHING
from benchmarks.scenarios.listing import LISTING, LISTING_LARGE
from benchmarks.scenarios.many_kinds import MANY_KINDS
from benchmarks.scenarios.pickup import PICKUP
from benchmarks.scenarios.submitting import SUBMITTING
from benchmarks.scenarios.waiting import WAITING

EVERY = (
    EMPTY_ROUTE,
    SUBMITTING,
    CLAIMING,
    FINISHING,
    DRAINING,
    MANY_KINDS,
    LISTING,
    *BACKLOGS,
    LISTING_LARGE,
    # These two follow the changes of a collection, which is not dropped after that.
    PICKUP,
    WAITING,
)
