"""Clients that can send no credentials, and are known by their address: those that TRUSTED_CLIENTS names."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

from flask import Request

from job_service.web.access import IMPLIED, Caller, Role
from job_service.web.proxies import client_address, is_of_a_proxy, read_address


class TrustedClients:
    """Knows callers by their address; `trusted` pairs addresses and networks with the roles of whoever is there."""

    def __init__(self, trusted: Iterable[tuple[str, Sequence[str]]] = ()) -> None:
        self._trusted = [
            (ip_network(network), frozenset().union(*(IMPLIED[Role(role)] for role in roles)))
            for network, roles in trusted
        ]

    def __bool__(self) -> bool:
        """Say whether there may be any."""
        return bool(self._trusted)

    def find(self, asked: Request) -> Caller | None:
        """Return who sends a request, with the roles of all networks it is in; None if its address tells nothing.

        An address that a proxy may have lent to anybody tells nothing, and neither does a Unix socket.
        """
        address = read_address(client_address(asked) or "")
        if address is None or is_of_a_proxy(asked):
            return None
        roles: frozenset[Role] = frozenset().union(*(roles for network, roles in self._trusted if address in network))
        return Caller(f"client {address}", roles, by_address=True) if roles else None
