"""How long state machines and fuzzing run: short and always the same, or longer and anew each time.

`TEST_SCALE=10` makes ten times as many examples, from the seed that pytest prints (`-p randomly --randomly-seed=N`
repeats them).
"""

import os

from hypothesis import HealthCheck, Phase, settings

SCALE = float(os.environ.get("TEST_SCALE", "1"))


def bounded(examples: int, steps: int = 50) -> settings:
    """Return settings for that many examples, times the scale."""
    return settings(
        max_examples=max(int(examples * SCALE), 1),
        stateful_step_count=steps,
        derandomize=SCALE == 1,
        database=None,
        deadline=None,
        print_blob=True,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
