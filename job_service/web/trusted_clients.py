"""Clients without credentials that are authenticated by their address: those in TRUSTED_CLIENTS."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from flask import Request

from job_service.web.access import IMPLIED, Caller, Role
from job_service.web.proxies import client_address, is_of_a_proxy, read_address


class TrustedClients:
    """Authenticates callers by address; `trusted` pairs addresses and networks with the roles of the clients there."""

    def __init__(self, trusted: Iterable[tuple[str, Sequence[str]]] = ()) -> None:
        self._trusted = [
            (ip_network(network), frozenset().union(*(IMPLIED[Role(role)] for role in roles)))
            for network, roles in trusted
        ]

    def __bool__(self) -> bool:
        """Say whether any clients are trusted."""
        return bool(self._trusted)

    def find(self, asked: Request) -> Caller | None:
        """Return the caller of a request, with the roles of all networks that have its address; None if none has it.

        None as well for the address of an untrusted proxy, which any client may be behind, and for a Unix socket.
        """
        address = read_address(client_address(asked) or "")
        if address is None or is_of_a_proxy(asked):
            return None
        roles: frozenset[Role] = frozenset().union(*(roles for network, roles in self._trusted if address in network))
        return Caller(f"client {address}", roles, by_address=True) if roles else None
