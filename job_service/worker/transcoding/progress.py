"""How far an encoder is, read from what ffmpeg writes with `-progress`."""

import time
from collections.abc import Callable

LARGEST_BEFORE_END = 99
MICROSECONDS = 1_000_000
# The end of the last frame or of the longer stream is no exact time.
SECONDS_OFF, PART_OFF = 1.0, 0.02


class Progress:
    """Turn `-progress` lines into whole percents, each told once and never fewer than before.

    `duration` is the clip's, in seconds; without one there are no percents, and still the sign that the encoder moves.
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
        """Take in one `key=value` line."""
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.isdigit() and int(value) > self._position:
            self._position = int(value)
            self._moved_at = self._clock()
            self._tell()

    def seconds_without_move(self) -> float:
        """Give how long the encoder has been at the same place."""
        return self._clock() - self._moved_at

    def shortfall(self) -> str | None:
        """Say how much of the clip there is, where that is clearly less than its length: by a second and by 2 %."""
        done = max(self._position, 0) / MICROSECONDS
        if self._duration is None or self._duration - done < max(SECONDS_OFF, PART_OFF * self._duration):
            return None
        return f"{done:.1f} of {self._duration:.1f} seconds"

    def _tell(self) -> None:
        if not self._duration:
            return
        percent = min(LARGEST_BEFORE_END, int(self._position * 100 / MICROSECONDS / self._duration))
        if percent > self._percent:
            self._percent = percent
            self._on_percent(percent)
