"""Reads a worker's sites from a TOML file: `[sites.12]` with a protocol, a root, and the protocol's settings.

    [sites.1]
    protocol = "FILE"
    root = "/srv/data"

    [sites.2]
    protocol = "SSH"
    root = "/home/transfers"
    host = "files.example.org"
    user = "transfers"
    key_file = "/etc/job-service/id_ed25519"       # or password_file
    known_hosts = "/etc/job-service/known_hosts"   # a server that is not in it is refused

    [sites.3]
    protocol = "GRIDFTP"
    root = "/data"
    host = "gridftp.example.org"
    proxy_file = "/run/job-service/proxy.pem"      # or anonymous = true

    [sites.4]
    protocol = "DUMMY"
    size = 1000000
    rate = 500000

`verify` says how a finished copy is verified at this site: `checksum` reads the copy again (GRIDFTP: asks the server
for its checksum), `size` only compares sizes. The default is `size` for SSH, where reading costs a second transfer.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, get_args

from job_service.worker.transfers.errors import SitesInvalid
from job_service.worker.transfers.site import DummySite, FileSite, GridFtpSite, Site, SshSite
from job_service.worker.transfers.site_checks import problems_of

KINDS: Mapping[str, type[Site]] = {kind.protocol: kind for kind in (FileSite, SshSite, GridFtpSite, DummySite)}
WORDS = {str: "a text", int: "a whole number", bool: "true or false"}


def load_sites(file: Path) -> dict[int, Site]:
    """Read a file of sites, by number; raises SitesInvalid with a sentence for each problem."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SitesInvalid([f"The file of sites can not be read: {problem.strerror}."]) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SitesInvalid([f"The file of sites is not TOML: {problem}."]) from problem
    return _sites(document)


def _sites(document: Mapping[str, Any]) -> dict[int, Site]:
    tables = document.get("sites")
    problems = [
        f"{name!r} means nothing here; sites are tables like [sites.1]." for name in document if name != "sites"
    ]
    if not isinstance(tables, dict) or not tables:
        raise SitesInvalid([*problems, "The file has no site; a site is a table like [sites.1]."])
    sites: dict[int, Site] = {}
    for key, table in tables.items():
        try:
            site = _site(key, table)
        except SitesInvalid as found:
            problems += found.problems
        else:
            sites[site.number] = site
    if problems:
        raise SitesInvalid(problems)
    return sites


def _site(key: str, table: Any) -> Site:
    if not (key.isascii() and key.isdecimal() and str(int(key)) == key):
        raise SitesInvalid([f"[sites.{key}]: the number of a site is a whole number, such as [sites.12]."])
    if not isinstance(table, dict):
        raise SitesInvalid([f"[sites.{key}]: this is a table with a protocol, not a value."])
    kind = KINDS.get(str(table.get("protocol")))
    if kind is None:
        raise SitesInvalid([f"[sites.{key}]: the protocol is one of {', '.join(sorted(KINDS))}."])
    given = {name: value for name, value in table.items() if name != "protocol"}
    problems = list(_misfits(kind, given))
    if not problems:
        site = kind(number=int(key), **given)
        problems = list(problems_of(site))
        if not problems:
            return site
    raise SitesInvalid([f"[sites.{key}]: {problem}" for problem in problems])


def _misfits(kind: type[Site], given: Mapping[str, Any]) -> Iterator[str]:
    """Return a sentence for each setting of a site that is missing, unknown or of the wrong type."""
    known = {each.name: each for each in fields(kind) if each.name != "number" and "from" not in each.metadata}
    for name, value in given.items():
        if name not in known:
            yield f"a {kind.protocol} site has no {name!r}; it has {', '.join(sorted(known))}."
        elif wanted := _unlike(known[name], value):
            yield f"{name} is {wanted}."
    for name, each in known.items():
        if each.default is MISSING and name not in given:
            yield f"a {kind.protocol} site needs {name}."


def _unlike(setting: Field[Any], value: Any) -> str:
    """Return the expected type of a setting, if the value has another."""
    choices = get_args(setting.type)
    if choices:
        return "" if value in choices else " or ".join(map(repr, choices))
    expected = type(setting.default) if setting.default is not MISSING else str
    return "" if type(value) is expected else WORDS[expected]
