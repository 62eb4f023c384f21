"""A family as one value: its kind, its API, its pages. Whatever goes through all families reads these values.

`Family` is known before there is a store; `OpenFamily` is what the family is on one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from flask import Blueprint, Response

from job_service.kinds.batches import Batches
from job_service.kinds.dialect import Dialect, ForWorker, Retry
from job_service.lifecycle.kind import Kind
from job_service.mongo.family import FamilyStore
from job_service.mongo.keys.once import Once
from job_service.mongo.legacy import LegacyClients
from job_service.mongo.store import Store
from job_service.mongo.watching.browsing import Browsing
from job_service.settings import Settings
from job_service.signing import Signing
from job_service.web.jwt import JwtVerifier
from job_service.web.operations import Section

#: Adds pages to the console's blueprint, which protects their forms.
AddPages = Callable[[Blueprint], None]


@dataclass(frozen=True, slots=True)
class Foundation:
    """The parts that every family is made from."""

    settings: Settings
    store: Store
    signing: Signing
    verifier: JwtVerifier | None  #: of the JWTs that say who submits datasets; None where none are asked for
    batches: Batches
    clients: LegacyClients
    browsing: Browsing
    once: Once

    @classmethod
    def of(cls, settings: Settings, store: Store, signing: Signing, verifier: JwtVerifier | None) -> Self:
        """Put the parts together; touches no database."""
        return cls(
            settings=settings,
            store=store,
            signing=signing,
            verifier=verifier,
            batches=Batches(store),
            clients=LegacyClients(store, settings.legacy_lease_seconds),
            browsing=Browsing(store.collections, store.context.kinds),
            once=Once(store.idempotency, store.context.clock),
        )


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the console's navigation."""

    label: str
    endpoint: str  #: of the page that it leads to
    beneath: tuple[str, ...] = ()  #: beginnings of the paths of other pages that belong to it
    lists_jobs: bool = False  #: it stands beside the list of all jobs


@dataclass(frozen=True, slots=True)
class StartPage:
    """A family's part of the start page."""

    answer: Callable[[], Response]  #: for programs
    part: Callable[[], str]  #: HTML for the end of the overview


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFamily:
    """A family on a store."""

    blueprints: tuple[Blueprint, ...]  #: its routes
    dialect: Dialect  #: how items become jobs
    retry: Retry | None = None  #: where a job alone is not the whole
    for_worker: ForWorker | None = None  #: where the holder of a job is shown more than others
    links: tuple[Link, ...] = ()  #: to its pages
    pages: tuple[AddPages, ...] = ()
    start: StartPage | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """One of the built-in kinds, together with the API of an earlier system that it speaks."""

    store: FamilyStore  #: what it brings to the store, its kind first
    section: Section  #: the description of its API
    open: Callable[[Foundation], OpenFamily]

    @property
    def kind(self) -> Kind:
        """The kind of its jobs."""
        return self.store.kind
