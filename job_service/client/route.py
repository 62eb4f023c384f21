"""The route to a service: its URL, and the proxy that the environment names.

The variables are those of curl and pip: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in capitals or not. This
machine itself is never reached through a proxy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from job_service.client.errors import Unreachable

_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Route:
    """The URL of a service, and how it is reached: over the caller's transport, through a proxy, or directly.

    `variable` is the environment variable that names the proxy.
    """

    address: httpx.URL
    transport: object | None = None
    proxy: httpx.Proxy | None = None
    variable: str = ""

    def options(self) -> dict[str, Any]:
        """Return httpx's arguments for this route, without its own reading of the environment."""
        if self.transport is not None:
            return {"base_url": self.address, "transport": self.transport, "trust_env": False}
        # httpx itself reads only the certificates to trust (SSL_CERT_FILE, SSL_CERT_DIR) from the environment.
        certificates = httpx.create_ssl_context()
        return {"base_url": self.address, "proxy": self.proxy, "verify": certificates, "trust_env": False}

    def __str__(self) -> str:
        """Return the proxy, without its password, for messages; empty for a direct route."""
        if self.proxy is None:
            return ""
        return f" (through the proxy {self.proxy.url.netloc.decode('ascii')} of {self.variable})"


def route_to(base_url: str, transport: object | None = None) -> Route:
    """Return the route to a service. Raises Unreachable for an invalid URL of the service or the proxy."""
    # httpx reads the same variables, but refuses bad ones for loopback too, and takes no networks in NO_PROXY.
    address, proxies = _address(base_url), getproxies()
    name = next((each for each in (address.scheme, "all") if proxies.get(each)), None)
    if name is None or transport is not None or _is_exempt(address, proxies.get("no", "").split(",")):
        return Route(address, transport)
    variable = f"{name.upper()}_PROXY"
    return Route(address, None, _proxy(proxies[name], variable), variable)


def _address(base_url: str) -> httpx.URL:
    try:
        address = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise Unreachable(str(error), sent=False) from error
    if address.scheme not in {"http", "https"} or not address.host:
        raise Unreachable("an address is http://HOST:PORT, or https://…", sent=False)
    return address


def is_this_machine(host: str) -> bool:
    """Say whether a host, without brackets, is a loopback address, the unspecified address, or a name for these."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _is_exempt(address: httpx.URL, exempt: Iterable[str]) -> bool:
    port = address.port or {"http": 80, "https": 443}.get(address.scheme, 0)
    names = [name.strip() for name in exempt]
    if (
        is_this_machine(address.host)
        or "*" in names
        or proxy_bypass(address.host)
        or proxy_bypass(f"{address.host}:{port}")
    ):
        return True
    try:
        host = ip_address(address.host)
    except ValueError:
        return False
    return any(_holds(name.strip("[]"), str(host)) for name in names)


def _holds(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def _proxy(setting: str, variable: str) -> httpx.Proxy:
    """Parse a proxy's URL, by default http. Raises Unreachable, whose message hides the password."""
    try:
        url = httpx.URL(setting if "://" in setting else f"http://{setting}")
        proxy = httpx.Proxy(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise _unusable(variable) from error
    is_spoken = url.scheme in {"http", "https"} or find_spec("socksio") is not None
    if not (is_spoken and url.host and (url.port is None or 0 < url.port <= _LAST_PORT)):
        raise _unusable(variable)
    return proxy


def _unusable(variable: str) -> Unreachable:
    sentence = (
        f"{variable} names no proxy that can be used: write http://HOST:PORT, or list the service's host in NO_PROXY"
    )
    return Unreachable(sentence, sent=False)
