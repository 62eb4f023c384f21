"""Translates the routes of profiles and options into the store's calls."""

from typing import Any

from job_service.lifecycle.errors import Conflict, NotFound
from job_service.mongo.store import Store
from job_service.transcoding.adapter import as_number, no_profile
from job_service.transcoding.document import WELL_KNOWN, Option, options_there_are
from job_service.transcoding.options_store import EncoderOptions
from job_service.transcoding.profiles_store import NameTaken, Profile, Profiles
from job_service.transcoding.wire import ProfileEdit

_COUNTER = "transcoding-profile"


class ProfileBook:
    """Adds, edits, lists and deletes profiles; lists the options."""

    def __init__(self, store: Store, profiles: Profiles, options: EncoderOptions) -> None:
        self._numbers = store.submission
        self._profiles = profiles
        self._options = options

    def add(self, name: str, options: dict[str, Any]) -> None:
        """Store a profile. Raises Conflict when there is one of that name."""
        self._remember(options)
        try:
            self._profiles.add(Profile(self._numbers.next_number(_COUNTER), name, options))
        except NameTaken:
            raise _name_taken(name) from None

    def edit(self, edit: ProfileEdit) -> None:
        """Change or add options of a profile, or its name. Raises NotFound, Conflict."""
        number = as_number(edit.Id)
        self._remember(edit.Options)
        try:
            found = number is not None and self._profiles.edit(number, edit.Name, edit.Options)
        except NameTaken:
            raise _name_taken(edit.Name or "") from None
        if not found:
            raise NotFound(no_profile(edit.Id))

    def delete(self, given: str) -> None:
        """Delete a profile; jobs keep the options that the profile gave them. Raises NotFound."""
        number = as_number(given)
        if number is None or not self._profiles.delete(number):
            raise NotFound(no_profile(given))

    def all(self) -> list[dict[str, Any]]:
        """Return the profiles as they are listed."""
        return [{"id": profile.number, "name": profile.name} for profile in self._profiles.all()]

    def options_of(self, given: str) -> dict[str, Any]:
        """Return the options of a profile. Raises NotFound."""
        number = as_number(given)
        profile = None if number is None else self._profiles.get(number)
        if profile is None:
            raise NotFound(no_profile(given))
        return profile.options

    def options(self) -> list[Option]:
        """Return all options that jobs may have."""
        return options_there_are(self._options.all())

    def _remember(self, options: dict[str, Any]) -> None:
        self._options.remember(key for key in options if key not in WELL_KNOWN)


def _name_taken(name: str) -> Conflict:
    return Conflict(f"Profile with such name:{name[:100]} already exists.")
