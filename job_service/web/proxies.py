"""Forwarding headers (`X-Forwarded-*`), believed only from the proxies that TRUSTED_PROXIES names."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from flask import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

#: The word in TRUSTED_PROXIES for a peer behind a Unix socket, which has no address.
UNIX = "unix"

#: Headers that only proxies send, as WSGI spells them; the last three are never believed, but reveal a proxy.
_SAID_BY_PROXIES = {
    f"HTTP_{name.upper().replace('-', '_')}": name
    for name in (
        *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto"),
        *("Forwarded", "Via", "X-Real-IP"),
    )
}
#: In `environ` where a trusted proxy passed the request on; true if the proxy names the client.
_BELIEVED = "job_service.believed"
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
_PORT = re.compile(r"(?!0)[0-9]{1,5}")
#: The default ports, which URLs leave out. A proxy behind another one reports the wrong default port.
_USUAL_PORTS = {"80", "443"}
_REMEMBERED = 256


class TrustedProxies:
    """WSGI middleware that restores a request as it was before the proxies in `trusted` passed it on.

    `trusted` has addresses, networks and "unix". In X-Forwarded-For the client is the rightmost address that is not
    a trusted proxy's; in the other headers the rightmost value counts, which the nearest proxy has written.
    """

    def __init__(self, application: "WSGIApplication", trusted: Sequence[str]) -> None:
        self._application = application
        self._unix = UNIX in trusted
        self._networks = tuple(ip_network(each) for each in trusted if each != UNIX)

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Restore a request and pass it on to the application."""
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            client = self._client(environ)
            environ[_BELIEVED] = client is not None
            _believe_address(environ, client)
            _believe_host(environ)
            if _PREFIX.fullmatch(prefix := _last(environ, "HTTP_X_FORWARDED_PREFIX").rstrip("/")):
                environ["SCRIPT_NAME"] = prefix
        return self._application(environ, start_response)

    def _is_trusted(self, address: str) -> bool:
        if not address:
            return self._unix
        known = read_address(address)
        return known is not None and any(known in network for network in self._networks)

    def _client(self, environ: dict[str, Any]) -> str | None:
        """Return the client's address; empty if the proxies do not know it, None if there is no such header."""
        if "HTTP_X_FORWARDED_FOR" not in environ:
            return "" if _SAID_BY_PROXIES.keys() & environ.keys() else None
        address = str(environ.get("REMOTE_ADDR", ""))
        for hop in reversed(environ["HTTP_X_FORWARDED_FOR"].split(",")):
            known = read_address(_without_port(hop.strip()))
            if known is None:
                return ""
            if known.is_loopback and address and not is_loopback(address):
                # A loopback address belongs to the proxy's machine; behind a Unix socket that is this machine.
                return address
            address = str(known)
            if not self._is_trusted(address):
                break
        return address


def proxy_named_by(asked: Request) -> str | None:
    """Return the header that reveals an untrusted proxy; None where there is no such header.

    The address of a request behind an untrusted proxy is the proxy's, not the client's.
    """
    environ = asked.environ
    if _BELIEVED in environ:
        return None
    return next((name for key, name in _SAID_BY_PROXIES.items() if key in environ), None)


def is_of_a_proxy(asked: Request) -> bool:
    """Say whether a request's address is, as far as its headers show, a proxy's: many clients share it."""
    return not asked.environ.get(_BELIEVED, True) or proxy_named_by(asked) is not None


def client_address(asked: Request) -> str | None:
    """Return the request's address: the client's where a trusted proxy passed the request on, else the peer's.

    None for a request through a Unix socket, or from a trusted proxy that does not name the client.
    """
    return asked.remote_addr or None


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address, an IPv4-mapped IPv6 address as IPv4; None if the text is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(_REMEMBERED)
def is_loopback(address: str | None) -> bool:
    """Say whether an address is a loopback address; an unknown one (None) is not."""
    known = read_address(address or "")
    return known is not None and known.is_loopback


def _believe_address(environ: dict[str, Any], address: str | None) -> None:
    if address is not None:
        environ["REMOTE_ADDR"] = address
        environ.pop("REMOTE_PORT", None)


def _believe_host(environ: dict[str, Any]) -> None:
    scheme = _last(environ, "HTTP_X_FORWARDED_PROTO").lower()
    if scheme in {"http", "https"}:
        environ["wsgi.url_scheme"] = scheme
    host = _last(environ, "HTTP_X_FORWARDED_HOST")
    if _HOST.fullmatch(host):
        environ["HTTP_HOST"] = host
    port = _last(environ, "HTTP_X_FORWARDED_PORT")
    named = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
    if named and not named[2] and _PORT.fullmatch(port) and port not in _USUAL_PORTS:
        environ["HTTP_HOST"] = f"{named[1]}:{port}"


def _last(environ: dict[str, Any], name: str) -> str:
    return str(environ.get(name, "")).rpartition(",")[2].strip()


def _without_port(hop: str) -> str:
    """Return a hop's address without the port that some proxies add: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
