"""Profiles: named options that fill in transcoding jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import DuplicateKeyError

from job_service.mongo.database.client import Document
from job_service.mongo.database.collections import Collections
from job_service.mongo.database.free_form import as_object, merged


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile, as it is stored."""

    number: int
    name: str
    options: dict[str, Any]


class NameTaken(Exception):
    """Another profile has this name."""


class Profiles:
    """Stores profiles, `_id` being the number; no two have the same name."""

    def __init__(self, collections: Collections) -> None:
        self._profiles = collections.own("profiles")

    def add(self, profile: Profile) -> None:
        """Store a new one. Raises NameTaken."""
        try:
            self._profiles.insert_one({"_id": profile.number, "name": profile.name, "options": profile.options})
        except DuplicateKeyError as error:
            raise NameTaken from error

    def all(self) -> list[Profile]:
        """Return every profile, smallest number first."""
        return [_profile(document) for document in self._profiles.find().sort("_id", 1)]

    def get(self, number: int) -> Profile | None:
        """Return the profile with a number."""
        found = self._profiles.find_one({"_id": number})
        return _profile(found) if found else None

    def named(self, name: str) -> Profile | None:
        """Return the profile with a name."""
        found = self._profiles.find_one({"name": name})
        return _profile(found) if found else None

    def edit(self, number: int, name: str | None, options: Mapping[str, Any]) -> bool:
        """Rename a profile and merge options into its own; False: there is no such profile. Raises NameTaken."""
        changed: Document = {"options": merged("options", options)}
        if name is not None:
            changed["name"] = {"$literal": name}
        try:
            return bool(self._profiles.update_one({"_id": number}, [{"$set": changed}]).matched_count)
        except DuplicateKeyError as error:
            raise NameTaken from error

    def delete(self, number: int) -> bool:
        """Delete a profile; False: there is no such profile."""
        return bool(self._profiles.delete_one({"_id": number}).deleted_count)


def _profile(document: Document) -> Profile:
    return Profile(document["_id"], document["name"], as_object(document["options"]))
