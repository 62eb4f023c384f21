"""A mongod that belongs to no replica set, as somebody may have started one by hand."""

import socket
import subprocess

from job_service.embedded.mongod import HOST


class LoneMongod:
    """Answers on a port of its own while the block lasts; gives its URL."""

    def __init__(self, binary, folder):
        with socket.create_server((HOST, 0)) as free:
            self.port = free.getsockname()[1]
        options = [f"--bind_ip={HOST}", f"--port={self.port}", f"--dbpath={folder}", "--nounixsocket"]
        self.process = subprocess.Popen([binary, *options], stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout is not None
        assert any("Waiting for connections" in line for line in self.process.stdout)
        return f"mongodb://{HOST}:{self.port}/jobdb"

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
