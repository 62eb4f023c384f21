"""Documents of jobs as the first version of the service stored them, one of each kind that waits and one that ended."""

from pathlib import Path

from bson import json_util

_FILE = Path(__file__).parents[1] / "resources" / "documents_v1.json"


def documents_v1():
    """Give the documents of the first version, by collection."""
    return json_util.loads(_FILE.read_text(), json_options=json_util.RELAXED_JSON_OPTIONS.with_options(tz_aware=True))


def store_v1(store):
    """Put the documents of the first version where they belong."""
    for name, documents in documents_v1().items():
        store.database[name].insert_many(documents)
