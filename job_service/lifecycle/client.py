"""Clients that act on jobs without a claim of their own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A client that names jobs, never claims: `name` is its own name where it is `named`, else its address.

    `distinct` says that no other client has the name. An address of this machine, of a socket or of a proxy is shared
    by any number of clients. `operates` says that the client has an operator's token: it may take any job from its
    holder.
    """

    name: str
    named: bool = True
    distinct: bool = True
    operates: bool = False
    request_id: str | None = None  #: the id of the client's HTTP request, for the log
