"""Every setting, read from the environment once, validated whole, and frozen."""

import json
import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from job_service import logs

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_SECRET_NAMES = ("MONGODB_USER", "MONGODB_PASSWORD", "SECRET_KEY", "CREDENTIALS_KEY")
#: Characters that MongoDB forbids in a database's name.
_NOT_IN_A_NAME = frozenset('/\\ "$.')
_LAST_PORT = 65_535
#: The roles that an address may have: not the one that makes and revokes tokens, which needs credentials.
_ROLES_OF_AN_ADDRESS = ("submit", "work", "view", "operate")


class SettingsError(Exception):
    """A setting is invalid; the text names the setting and never shows a secret."""


def _flag(value: object) -> object:
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("must be true or false")


def _connection_string(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"mongodb", "mongodb+srv"} or not parts.netloc.rpartition("@")[2]:
        raise ValueError("must be a connection string such as mongodb://127.0.0.1:27017/jobdb")
    if parts.netloc.count("@") > 1:
        raise ValueError("the name and the password in it must be percent-encoded")
    if not all(map(_is_place, parts.netloc.rpartition("@")[2].split(","))):
        raise ValueError("a port in it is no number from 1 to 65535")
    if set(unquote(parts.path.removeprefix("/"))) & _NOT_IN_A_NAME:
        raise ValueError("the name of the database, after the last /, has characters that MongoDB does not take")
    return text


def _is_place(place: str) -> bool:
    """Say whether a text is `host`, `host:port`, `[address]` or `[address]:port`."""
    port = place.rpartition("]")[2].partition(":")[2]
    return not port or (port.isdecimal() and 0 < int(port) <= _LAST_PORT)


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL")
    return text


def _proxies(text: object) -> tuple[str, ...]:
    names = tuple(name.strip() for name in str(text).split(","))
    for name in names:
        try:
            everybody = name != "unix" and _is_everybody(name)
        except ValueError:
            raise ValueError(
                f"must be addresses and networks such as 127.0.0.1,10.0.0.0/8, or unix; {name[:100]!r} is neither"
            ) from None
        if everybody:
            raise ValueError(f"{name} would believe everybody; name the proxies alone")
    return names


def _clients(text: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(_client(entry.strip()) for entry in str(text).split(","))


def _client(entry: str) -> tuple[str, tuple[str, ...]]:
    network, _, named = (part.strip() for part in entry.partition("="))
    roles = tuple(role.strip() for role in named.split("+"))
    try:
        everybody = _is_everybody(network)
    except ValueError:
        raise ValueError(
            "must be addresses and networks with their roles, such as 10.0.0.0/8=work,192.0.2.7=submit+view; "
            f"{entry[:100]!r} is not"
        ) from None
    if everybody:
        raise ValueError(f"{network} would let everybody in; name the networks of the clients alone")
    for role in roles:
        if role not in _ROLES_OF_AN_ADDRESS:
            raise ValueError(f"{role[:100]!r} is no role of an address: {', '.join(_ROLES_OF_AN_ADDRESS)}")
    return network, roles


def _is_everybody(network: str) -> bool:
    """Say whether a network holds every address. Raises ValueError for a text that is neither network nor address."""
    return ip_network(network).prefixlen == 0


Flag = Annotated[bool, BeforeValidator(_flag)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
ConnectionString = Annotated[str, AfterValidator(_connection_string)]
Proxies = Annotated[tuple[str, ...], BeforeValidator(_proxies)]
Clients = Annotated[tuple[tuple[str, tuple[str, ...]], ...], BeforeValidator(_clients)]
Count = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(ge=1, le=20_000)]  #: at most as many as MongoDB can count in seconds
_LONGEST_SECONDS = 10 * 365 * 86_400  #: far below the range of datetime arithmetic
Seconds = Annotated[float, Field(gt=0, le=_LONGEST_SECONDS)]


class Settings(BaseModel):
    """The settings by their environment names in lower case; times in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True, hide_input_in_errors=True)

    mongodb_url: ConnectionString = "mongodb://127.0.0.1:27017/jobdb"
    mongodb_user: str | None = None
    mongodb_password: SecretStr | None = None
    input_dir: Path | None = None
    docker_host_name: str | None = None
    jwks_url: WebAddress | None = None
    jwt_auth: Flag | None = None  #: whether `POST /jobs` needs the two JWT cookies; by default if there is a JWKS_URL
    jwt_max_age_seconds: Seconds | None = None  #: the longest lifetime of a JWT cookie; None: no limit
    stack: str = "local"
    commit_id: str | None = None
    bump_enabled: Flag = False
    secrets_file: Path | None = None
    secret_key: SecretStr | None = None
    credentials_key: SecretStr | None = None

    job_service_host: str = "127.0.0.1"  #: where the service listens: beyond loopback it warns of missing credentials
    job_service_insecure: Flag = False
    trusted_proxies: Proxies = ()  #: addresses, networks and "unix": proxies whose X-Forwarded-* are believed
    trusted_clients: Clients = ()  #: (address or network, roles): the roles of clients there that send no credentials
    threads: Count = 32  #: request threads of a process
    max_body_bytes: Count = 16_000_000
    client_timeout_seconds: Annotated[float, Field(ge=0.01, le=86_400)] = (
        20  #: how long a client may stall in the middle of a request
    )
    max_waiters: Count | None = None  #: waiting claims of a process; default: three quarters of its threads

    max_streams: Count | None = None  #: readers of events of a process; default: a quarter of its threads

    max_waiting_jobs: Count | None = None  #: of each kind; beyond it a submission is answered with 429
    rate_per_caller: Count | None = None  #: requests a second of a token or an address, in each process
    rate_burst: Count | None = None  #: requests at once; default: ten seconds' worth

    max_attempts: Count = 3
    max_leases_lost: Count = 3
    backoff_seconds: Seconds = 5
    backoff_max_seconds: Seconds = 600
    legacy_lease_seconds: Annotated[int, Field(ge=5, le=_LONGEST_SECONDS)] = 86_400
    completed_retention_days: Days | None = None
    completed_archive_dir: Path | None = None  #: the folder to which ended jobs are written before deletion

    log_format: Annotated[str, AfterValidator(logs.a_format)] = "auto"
    log_level: Annotated[str, AfterValidator(logs.a_level)] = "info"
    log_requests: Flag | None = None  #: whether each request is logged; default: in JSON, not in text

    code_dir: Path | None = None
    code_timeout_seconds: Seconds = 10

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Return the settings; SECRETS_FILE wins over the environment. Raises SettingsError."""
        given = dict(os.environ if environment is None else environment)
        given.setdefault("THREADS", given.get("GUNICORN_THREADS", "32"))
        given.update(_secrets(given.get("SECRETS_FILE")))
        known: dict[str, Any] = {
            name: given[name.upper()] for name in cls.model_fields if given.get(name.upper(), "") != ""
        }
        try:
            return cls(**known)
        except ValidationError as error:
            faults = "; ".join(f"{str(fault['loc'][0]).upper()}: {_reason(fault['msg'])}" for fault in error.errors())
            raise SettingsError(f"Wrong setting: {faults}") from None

    @property
    def checks_jwt(self) -> bool:
        """Say whether POST /jobs needs the two JWT cookies."""
        return bool(self.jwks_url) if self.jwt_auth is None else self.jwt_auth

    @property
    def waiters(self) -> int:
        """Return how many claims of a process may wait at once; some threads stay free for other requests."""
        return self.max_waiters or max(self.threads * 3 // 4, 1)

    @property
    def streams(self) -> int:
        """Return how many readers of events a process takes; each holds a thread."""
        return self.max_streams or max(self.threads // 4, 1)

    @property
    def log(self) -> logs.Asked:
        """Return the settings of the log."""
        return logs.Asked(self.log_format, self.log_level, self.log_requests)

    @property
    def about(self) -> dict[str, object]:
        """Return the fields that every line of the log has: the host's name and the commit."""
        known = {"host": self.docker_host_name, "commit": self.commit_id}
        return {name: value for name, value in known.items() if value}

    @property
    def shown_mongodb_url(self) -> str:
        """Return the database's URL without credentials, for people."""
        parts = urlsplit(self.mongodb_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")


def _secrets(path: str | None) -> dict[str, str]:
    if not path:
        return {}
    try:
        found: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"Wrong setting: SECRETS_FILE: cannot be read as JSON ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise SettingsError("Wrong setting: SECRETS_FILE: must hold a JSON object")
    return {name: str(found[name]) for name in _SECRET_NAMES if name in found}
