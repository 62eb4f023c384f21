"""Runs programs for a test that is another user: JSON lines in, JSON lines out, one executor for each set of limits."""

import dataclasses
import json
import sys

from job_service.worker.sandbox.execution import Limits
from job_service.worker.sandbox.local import LocalExecutor

executors: dict[str, LocalExecutor] = {}
for line in sys.stdin:
    order = json.loads(line)
    key = json.dumps(order["limits"])
    executors[key] = executors.get(key) or LocalExecutor.create(Limits(**order["limits"]))
    execution = executors[key].run(order["code"], order["input"])
    sys.stdout.write(json.dumps(dataclasses.asdict(execution)) + "\n")
    sys.stdout.flush()
