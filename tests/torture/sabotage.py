"""The test of the test: the service is broken on purpose, and the checker has to notice."""

from collections.abc import Callable

from tests.torture.run import Outcome, torture
from tests.torture.world import Setting

#: What is broken, and the rule that has to find it.
MEANT = {
    "fence": "stale write accepted",
    "dedup": "submitted twice",
    "write-concern": "job lost",
    "move": "left in inprogress",
}
#: Many who are late, or send things twice.
_ROLES = {"few": ["submit-dataset"] * 3 + ["work-dataset"] * 2 + ["work-late"] * 6}
#: A write that only the primary has is lost with it; late workers need no fault.
_FAULTS = ["primary killed before others had its writes"]


def sabotaged(names: str, seed: int, tell: Callable[[str], None], seconds: float = 15) -> Outcome:
    """Run the load against a service that is broken in these ways, separated by commas."""
    return torture(seed, seconds, tell, _FAULTS, Setting(1, small_disk=False, sabotage=names, roles=_ROLES))
