"""The progress of an encoding, read from the output of ffmpeg's `-progress`."""

import time
from collections.abc import Callable

LARGEST_BEFORE_END = 99
MICROSECONDS = 1_000_000
# Tolerance: the ends of the last frame and of the longer stream are not exact.
SECONDS_OFF, PART_OFF = 1.0, 0.02


class Progress:
    """Turns `-progress` lines into whole percents, which only grow, each reported once.

    `duration` is the clip's, in seconds; without one there are no percents, but still the time since the last progress.
    """

    def __init__(
        self,
        duration: float | None,
        on_percent: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._duration = duration
        self._on_percent = on_percent
        self._clock = clock
        self._percent = 0
        self._position = -1
        self._moved_at = clock()

    def hear(self, line: str) -> None:
        """Read one `key=value` line."""
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.isdigit() and int(value) > self._position:
            self._position = int(value)
            self._moved_at = self._clock()
            self._report()

    def seconds_without_move(self) -> float:
        """Return the seconds since the encoder's last progress."""
        return self._clock() - self._moved_at

    def shortfall(self) -> str | None:
        """Say how much of the clip was encoded, if that is clearly less than its duration: by a second and by 2 %."""
        done = max(self._position, 0) / MICROSECONDS
        if self._duration is None or self._duration - done < max(SECONDS_OFF, PART_OFF * self._duration):
            return None
        return f"{done:.1f} of {self._duration:.1f} seconds"

    def _report(self) -> None:
        if not self._duration:
            return
        percent = min(LARGEST_BEFORE_END, int(self._position * 100 / MICROSECONDS / self._duration))
        if percent > self._percent:
            self._percent = percent
            self._on_percent(percent)
