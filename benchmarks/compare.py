"""What changed between two runs: anything worse by more than a fifth is a regression."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.figures import Better, Results
from benchmarks.table import number, rows

FIFTH = 0.2
#: Facts of the machine without which figures say little about each other.
COMPARABLE = ("cpu", "cores", "sizes", "mongod")


@dataclass(frozen=True)
class Change:
    """A figure or a ratio that both runs have."""

    name: str
    better: Better
    old: float
    new: float

    @property
    def gain(self) -> float:
        """How much better it is, as a part of what it was; negative when it is worse."""
        if not self.old:
            return 0.0 if not self.new else (1.0 if self.better == "higher" else -1.0)
        change = (self.new - self.old) / abs(self.old)
        return change if self.better == "higher" else -change

    @property
    def verdict(self) -> str:
        if self.gain < -FIFTH:
            return "**worse**"
        return "better" if self.gain > FIFTH else ""


def changes(old: Results, new: Results) -> Iterator[Change]:
    """Yield what both runs have, in the order of the new one."""
    before = {each.name: each.median for each in old.figures} | {each.name: each.value for each in old.ratios}
    after = [(each.name, each.better, each.median) for each in new.figures]
    after += [(each.name, each.better, each.value) for each in new.ratios]
    return (Change(name, better, before[name], value) for name, better, value in after if name in before)


def comparison(old: Results, new: Results) -> tuple[str, list[Change]]:
    """Return the table of all changes, with what only one run has named below it; and those for the worse."""
    found = list(changes(old, new))
    table = rows(
        ("figure", "before", "after", "gain", ""),
        [(each.name, number(each.old), number(each.new), f"{each.gain:+.0%}", each.verdict) for each in found],
    )
    worse = [each for each in found if each.gain < -FIFTH]
    lines = [
        *_differences(old, new),
        table,
        *_alone(old, new),
        f"{len(worse)} of {len(found)} worse by more than a fifth",
    ]
    return "\n\n".join(lines), worse


def _differences(old: Results, new: Results) -> Iterator[str]:
    """Yield what makes the figures hard to compare."""
    for name in COMPARABLE:
        before, after = old.machine.get(name), new.machine.get(name)
        if before != after:
            yield f"Beware: {name} was {before}, and is {after}"


def _alone(old: Results, new: Results) -> Iterator[str]:
    before, after = _names(old), _names(new)
    for title, names in (("Only before", before - after), ("Only after", after - before)):
        if names:
            yield f"{title}: {'; '.join(sorted(names))}"


def _names(results: Results) -> set[str]:
    return {each.name for each in results.figures} | {each.name for each in results.ratios}
