"""Credentials of a job, which replace those in the file of sites."""

from collections.abc import Mapping
from dataclasses import replace

from job_service.worker.transfers.errors import TransferError
from job_service.worker.transfers.site import GridFtpSite, Login, Site, SshSite


def with_credentials(site: Site, given: Mapping[str, object]) -> Site:
    """Return the site with the job's credentials; the same site if the job has none.

    SSH takes `user`, and `password` or `key` (the text of a private key, with `password` for its passphrase); GRIDFTP
    takes `proxy` (the text of a proxy certificate with its key). Raises TransferError for any other field; the message
    contains no value.
    """
    if not given:
        return site
    match site:
        case SshSite():
            texts = _texts(site, given, "user", "password", "key")
            login = Login(password=texts.get("password", ""), key=texts.get("key", ""))
            return replace(site, user=texts.get("user", site.user), key_file="", password_file="", login=login)
        case GridFtpSite():
            texts = _texts(site, given, "proxy")
            return replace(site, anonymous=False, proxy_file="", proxy=texts["proxy"])
        case _:
            raise TransferError(f"Site {site.number} is a {site.protocol} site, which takes no credentials.")


def _texts(site: Site, given: Mapping[str, object], *names: str) -> dict[str, str]:
    texts = {name: value for name, value in given.items() if name in names and isinstance(value, str) and value}
    if texts != given:
        raise TransferError(f"Credentials for a {site.protocol} site are texts named {', '.join(names)}.")
    return texts
