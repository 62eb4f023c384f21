"""Start a private mongod in a folder, say its process id, and wait to be killed: `hold_mongod.py FOLDER`."""

import sys
from pathlib import Path

from job_service.embedded.mongod import PrivateMongod
from job_service.mongo.database.replica_set import initiate

with PrivateMongod(Path(sys.argv[1])) as mongod:
    mongod.start(initiate)
    sys.stdout.write(f"{mongod.pid}\n")
    sys.stdout.flush()
    sys.stdin.read()
