"""What a proxy says of a request, believed where TRUSTED_PROXIES names that proxy and nowhere else."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from flask import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

#: How TRUSTED_PROXIES names whoever comes through a Unix socket, which has no address.
UNIX = "unix"

#: What only proxies say, as WSGI spells it; the last three are never believed, and yet tell that there is a proxy.
_SAID_BY_PROXIES = {
    f"HTTP_{name.upper().replace('-', '_')}": name
    for name in (
        *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto"),
        *("Forwarded", "Via", "X-Real-IP"),
    )
}
#: Present where a trusted proxy passed the request on; true where that one says for whom.
_BELIEVED = "job_service.believed"
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
_PORT = re.compile(r"(?!0)[0-9]{1,5}")
#: The ports that no URL names. A proxy that is itself behind another one tells the wrong one of them.
_USUAL_PORTS = {"80", "443"}
_REMEMBERED = 256


class TrustedProxies:
    """WSGI middleware: has each request say what it was before the proxies in `trusted` passed it on.

    `trusted` holds addresses, networks and "unix". Of X-Forwarded-For the client is the rightmost address that is not
    itself such a proxy; of the other headers the rightmost value counts, which is the one that the proxy has written.
    """

    def __init__(self, application: "WSGIApplication", trusted: Sequence[str]) -> None:
        self._application = application
        self._unix = UNIX in trusted
        self._networks = tuple(ip_network(each) for each in trusted if each != UNIX)

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
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
        """Return the address of the client; empty if the proxies do not know it, None if they say nothing at all."""
        if "HTTP_X_FORWARDED_FOR" not in environ:
            return "" if _SAID_BY_PROXIES.keys() & environ.keys() else None
        address = str(environ.get("REMOTE_ADDR", ""))
        for hop in reversed(environ["HTTP_X_FORWARDED_FOR"].split(",")):
            known = read_address(_without_port(hop.strip()))
            if known is None:
                return ""
            if known.is_loopback and address and not is_loopback(address):
                # A loopback address is one of the machine that tells of it; through a Unix socket that is this one.
                return address
            address = str(known)
            if not self._is_trusted(address):
                break
        return address


def proxy_named_by(asked: Request) -> str | None:
    """Return the header by which a proxy that nobody trusts shows itself; None where there is no sign of one.

    Such a request's address is the proxy's, whoever sent it.
    """
    environ = asked.environ
    if _BELIEVED in environ:
        return None
    return next((name for key, name in _SAID_BY_PROXIES.items() if key in environ), None)


def is_of_a_proxy(asked: Request) -> bool:
    """Say whether the address of a request is a proxy's, as far as can be told: any number of clients have it."""
    return not asked.environ.get(_BELIEVED, True) or proxy_named_by(asked) is not None


def client_address(asked: Request) -> str | None:
    """Return the address that a request comes from, the client's where a proxy that is trusted passed it on.

    None where there is none: it came through a Unix socket, or a trusted proxy does not tell it.
    """
    return asked.remote_addr or None


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address, an IPv4 one also where IPv6 wraps it; None if the text is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(_REMEMBERED)
def is_loopback(address: str | None) -> bool:
    """Say whether an address is one that only this machine has; none at all is not: it tells nothing."""
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
    """Return the address of a hop, which some proxies write with its port: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
