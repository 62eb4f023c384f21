"""Lead connections of this process elsewhere: what an instance sends to a mongod goes through that instance's proxy.

The members of a replica set tell their own addresses to a client, which then connects to those; so the detour is taken
below the driver, at `connect`.
"""

import json
import os
import socket

VARIABLE = "TORTURE_REDIRECT"


def install() -> None:
    """Redirect connections by the ports in the environment: `{"27101": 31101}`."""
    ports = {int(port): proxy for port, proxy in json.loads(os.environ.get(VARIABLE, "{}")).items()}

    class Socket(socket.socket):
        def connect(self, address):
            if isinstance(address, tuple) and address[1] in ports:
                address = (address[0], ports[address[1]])
            return super().connect(address)

    socket.socket = Socket  # type: ignore[misc]  # what every library of this process makes sockets from
