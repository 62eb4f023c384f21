"""The last word on a target, whatever the order in which words arrive."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from job_service.datasets.document import TargetChange
from job_service.datasets.targets_store import Targets

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def change(name, minute, status="completed"):
    return TargetChange(name, NOON + timedelta(minutes=minute), status, {}, ("ADD",))


def stored(targets):
    return {name: found.at for name, found in targets.all().items()}


@pytest.fixture
def targets(store):
    return Targets(store.collections)


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
@pytest.mark.parametrize("together", [True, False], ids=["together", "one-by-one"])
def test_the_newest_word_stays(targets, order, together):
    words = [change("A", minute) for minute in order]
    for batch in [words] if together else [[word] for word in words]:
        targets.record(batch)
    assert stored(targets) == {"A": change("A", 3).at}


def test_new_targets_and_known_ones_are_recorded_together(targets):
    targets.record([change("A", 1), change("B", 5)])
    targets.record([change("A", 2), change("B", 4), change("C", 3)])
    assert stored(targets) == {name: change(name, minute).at for name, minute in (("A", 2), ("B", 5), ("C", 3))}


@pytest.mark.parametrize(("theirs", "last"), [(1, 2), (3, 3)], ids=["older", "newer"])
def test_a_target_that_another_instance_makes_meanwhile_keeps_the_newest_word(store, targets, theirs, last):
    class Late(Targets):
        def _insert(self, changes):
            targets.record([change("A", theirs)])
            return super()._insert(changes)

    Late(store.collections).record([change("A", 2), change("B", 2)])
    assert stored(targets) == {"A": change("A", last).at, "B": change("B", 2).at}
