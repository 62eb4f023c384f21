"""A process of clients: `python -m tests.torture.clients PLAN`, PLAN being JSON.

`{"history": FILE, "ports": FILE, "seed": N, "roles": [...]}`: a thread for each role goes on until SIGTERM.
"""

import json
import random
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.torture import legacy, submitters, workers
from tests.torture.caller import Caller
from tests.torture.history import Writer

Turn = Callable[[Caller], None]

KINDS = ("dataset", "conversion", "transcoding", "code", "transfer")
#: What a role does, and how long it rests between two turns, in seconds.
ROLES: dict[str, tuple[Turn, float]] = {
    "submit-dataset": (submitters.submit_datasets, 0.6),
    "submit-conversion": (submitters.submit_conversion, 0.7),
    "submit-transcoding": (submitters.submit_transcoding, 0.8),
    "submit-code": (submitters.submit_code, 1.0),
    "submit-transfer": (submitters.submit_transfer, 1.5),
    "read": (submitters.read_lists, 0.7),
    "fetch-transcoding": (legacy.fetch_transcoding, 0.5),
    "fetch-conversion": (legacy.fetch_conversion, 0.5),
    "fetch-transfer": (legacy.fetch_transfer, 0.5),
    "work-late": (workers.work_late, 0.2),
    **{f"work-{kind}": (partial(workers.work, kind=kind), 0.2) for kind in KINDS},
}


def go_on(role: str, caller: Caller) -> None:
    turn, rest = ROLES[role]
    while not caller.stop.is_set():
        turn(caller)
        caller.pause(caller.rng.uniform(0.5, 1.5) * rest)
    caller.close()


def main(plan: dict[str, Any]) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    history = Writer(Path(plan["history"]))
    threads = []
    for number, role in enumerate(plan["roles"]):
        caller = Caller(
            f"{role}-{plan['name']}-{number}", plan["ports"], history, stop, random.Random(f"{plan['seed']}/{number}")
        )
        threads.append(threading.Thread(target=go_on, args=(role, caller)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
