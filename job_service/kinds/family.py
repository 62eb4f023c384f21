"""A family as one value: its kind, its API, its pages. Code that handles all families reads these values.

`Family` is known before there is a store; `OpenFamily` has the parts that need one.
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
    verifier: JwtVerifier | None  #: of the JWTs of datasets' submitters; None where JWTs are not configured
    batches: Batches
    clients: LegacyClients
    browsing: Browsing
    once: Once

    @classmethod
    def of(cls, settings: Settings, store: Store, signing: Signing, verifier: JwtVerifier | None) -> Self:
        """Make the parts; touches no database."""
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
    endpoint: str  #: the endpoint of the linked page
    beneath: tuple[str, ...] = ()  #: prefixes of the paths of other pages that belong to the link
    lists_jobs: bool = False  #: whether the link stands beside the list of all jobs


@dataclass(frozen=True, slots=True)
class StartPage:
    """A family's part of the start page."""

    answer: Callable[[], Response]  #: the answer for programs
    part: Callable[[], str]  #: HTML for the end of the overview


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFamily:
    """A family on a store."""

    blueprints: tuple[Blueprint, ...]  #: the family's routes
    dialect: Dialect  #: makes jobs of items
    retry: Retry | None = None  #: retries a job, for families whose jobs have elements
    for_worker: ForWorker | None = None  #: adds the fields that only a job's holder may see
    links: tuple[Link, ...] = ()  #: the links to the family's pages
    pages: tuple[AddPages, ...] = ()
    page_of_name: str | None = None  #: endpoint of the page about a `datasetName` of its jobs, given as `name`
    start: StartPage | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """One of the built-in kinds, together with the API of an earlier system that it speaks."""

    store: FamilyStore  #: the family's part of the store, its kind first
    section: Section  #: the description of the family's API
    open: Callable[[Foundation], OpenFamily]

    @property
    def kind(self) -> Kind:
        """The kind of the family's jobs."""
        return self.store.kind
