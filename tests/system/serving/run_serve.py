"""Run `serve` with an application and companions of the tests: `run_serve.py FOLDER [COMPANION...]`, each JSON."""

import json
import sys
from pathlib import Path

from job_service.command.serve import ServeSettings, run
from job_service.embedded.errors import CannotRun

folder, *companions = sys.argv[1:]
settings = ServeSettings(port=0, workers=1, threads=4, data_dir=Path(folder))
try:
    run(settings, "tiny_app:app", lambda _: [json.loads(each) for each in companions])
except CannotRun as problem:
    sys.exit(str(problem))
