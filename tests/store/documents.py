"""Documents as earlier versions have stored them."""

from pathlib import Path

from bson import json_util

_RESOURCES = Path(__file__).parents[1] / "resources"
_OPTIONS = json_util.RELAXED_JSON_OPTIONS.with_options(tz_aware=True)


def _read(name):
    return json_util.loads((_RESOURCES / name).read_text(), json_options=_OPTIONS)


def documents_0_1_0():
    """Give the documents of 0.1.0 by collection: jobs, one of each kind that waits and one that ended."""
    return _read("documents_0_1_0.json")


def documents_of_own_kinds():
    """Give a kind that a document defines and jobs of it by collection, as version 2 of the schema had them."""
    return _read("documents_of_own_kinds_2.json")


def store_0_1_0(store):
    """Put the documents of 0.1.0 where they belong, as they are once an instance has prepared the database."""
    for name, documents in documents_0_1_0().items():
        store.database[name].insert_many(documents)
    store.upgrade()
