"""Who acts on jobs without a claim of its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """A client that names jobs, never claims: `name` is what it calls itself where it is `named`, else its address.

    `distinct` says that no other client has the name. An address of this machine, of a socket or of a proxy is that of
    any number of clients. `operates` says that it showed an operator's token: it may take any job from its holder.
    """

    name: str
    named: bool = True
    distinct: bool = True
    operates: bool = False
    request_id: str | None = None  #: the HTTP request in which it speaks, for the log
