"""The one shape of a figure, and the file that a run leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal, Self

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Figure:
    """One thing measured several times: `jobs/s` that had better be higher, `ms` that had better be lower."""

    name: str
    unit: str
    better: Better
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.runs)

    @property
    def spread(self) -> float:
        """Half the distance between the best and the worst run, as a part of the median."""
        return (max(self.runs) - min(self.runs)) / 2 / self.median if self.median else 0.0


@dataclass(frozen=True)
class Ratio:
    """What a figure, or one divided by another, came to, and where it should be."""

    name: str
    value: float
    better: Better
    target: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.better == "higher" else self.value <= self.target


@dataclass(frozen=True)
class Results:
    """All figures of one run on one machine."""

    machine: Mapping[str, Any]
    figures: tuple[Figure, ...]
    ratios: tuple[Ratio, ...] = field(default=())

    def save(self, path: Path) -> None:
        """Write the run as JSON; medians are written for readers, and left out again by `load`."""
        figures = [asdict(each) | {"median": each.median} for each in self.figures]
        ratios = [asdict(each) | {"met": each.met} for each in self.ratios]
        text = json.dumps({"machine": dict(self.machine), "figures": figures, "ratios": ratios}, indent=2)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        stored = json.loads(path.read_text())
        return cls(
            machine=stored["machine"],
            figures=tuple(
                Figure(each["name"], each["unit"], each["better"], tuple(each["runs"])) for each in stored["figures"]
            ),
            ratios=tuple(
                Ratio(each["name"], each["value"], each["better"], each["target"]) for each in stored["ratios"]
            ),
        )
