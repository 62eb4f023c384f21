"""Validation of sites beyond types: roots, hosts, ports, and existing files."""

from collections.abc import Iterator
from pathlib import Path

from job_service.worker.transfers.site import DummySite, FileSite, GridFtpSite, Site, SshSite

HIGHEST_PORT = 65535


def problems_of(site: Site) -> Iterator[str]:
    """Return a sentence for each fault of a site."""
    match site:
        case FileSite():
            yield from _root(site.root)
            if not Path(site.root).is_dir():
                yield "the root is not a folder of this machine."
        case SshSite():
            yield from _root(site.root)
            yield from _server(site)
            yield from _files(key_file=site.key_file, password_file=site.password_file, known_hosts=site.known_hosts)
        case GridFtpSite():
            yield from _root(site.root)
            yield from _server(site)
            yield from _files(proxy_file=site.proxy_file)
            if site.anonymous and site.proxy_file:
                yield "an anonymous site has no proxy_file."
        case DummySite():
            yield from _figures(site)


def _root(root: str) -> Iterator[str]:
    if not root.startswith("/") or ".." in root.split("/") or not root.isprintable():
        yield "the root is an absolute path without '..'."


def _server(site: SshSite | GridFtpSite) -> Iterator[str]:
    if (
        not site.host
        or site.host.startswith("-")
        or any(c in "/@?#%" or not c.isprintable() or c == " " for c in site.host)
    ):
        yield "the host is a name or an address, without a path or a port."
    if not 0 < site.port <= HIGHEST_PORT:
        yield f"the port is from 1 to {HIGHEST_PORT}."


def _files(**names: str) -> Iterator[str]:
    for setting, name in names.items():
        if name and not Path(name).expanduser().is_file():
            yield f"{setting} names no file of this machine: {name}."


def _figures(site: DummySite) -> Iterator[str]:
    if site.files < 0 or site.size < 0:
        yield "files and size are 0 or more."
    if site.rate < 1:
        yield "the rate is 1 byte a second or more."
