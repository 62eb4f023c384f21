"""Every scenario, in the order in which they are run."""

from benchmarks.scenarios.claiming import CLAIMING
from benchmarks.scenarios.empty_route import EMPTY_ROUTE
from benchmarks.scenarios.finishing import FINISHING
from benchmarks.scenarios.submitting import SUBMITTING

EVERY = (SUBMITTING, CLAIMING, FINISHING, EMPTY_ROUTE)
