"""Documents of jobs as version 0.1.0 stored them, one of each kind that waits and one that ended."""

from pathlib import Path

from bson import json_util

_FILE = Path(__file__).parents[1] / "resources" / "documents_0_1_0.json"


def documents_0_1_0():
    """Give the documents of 0.1.0, by collection."""
    return json_util.loads(_FILE.read_text(), json_options=json_util.RELAXED_JSON_OPTIONS.with_options(tz_aware=True))


def store_0_1_0(store):
    """Put the documents of 0.1.0 where they belong."""
    for name, documents in documents_0_1_0().items():
        store.database[name].insert_many(documents)
