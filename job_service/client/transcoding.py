"""Transcoding jobs: named sets of options for an encoder, and profiles that fill them."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from job_service.client.answers import Answer, JsonObject, nothing, reading
from job_service.client.call import Call, given, path
from job_service.client.resource import Action, E, Resource


class TranscodingJob(Answer):
    """A job, as lists show it; `last_update` is `dd/mm/yyyy HH:MM:SS`."""

    id: int
    name: str
    status: str
    last_update: str | None = None


class Option(Answer):
    """An option that jobs may have."""

    id: int
    key: str
    name: str | None = None
    is_optional: bool | None = Field(default=None, alias="is_optional")


class Profile(Answer):
    """A named set of options."""

    id: int
    name: str


#: `list` is also the name of a method below.
TranscodingJobs = list[TranscodingJob]
Options = list[Option]
Profiles = list[Profile]


class Transcoding(Resource[E]):
    """`client.transcoding`; ids are numbers."""

    @Action
    def info(self) -> Call[JsonObject]:
        """Read the name and the version of this API."""
        return Call(method="GET", path="/api", parse=reading(JsonObject))

    @Action
    def submit(
        self, name: str, options: Mapping[str, Any], *, profile: str | int | None = None, priority: int | None = None
    ) -> Call[JsonObject]:
        """Add a job; a profile's options fill what `options` leaves out."""
        body = {"Name": name, "Options": dict(options)} | given(Profile=profile, priority=priority)
        return Call(method="POST", path="/api/job", body=body, parse=reading(JsonObject))

    @Action
    def update(self, job_id: int, options: Mapping[str, Any] | None = None, *, name: str | None = None) -> Call[None]:
        """Change or add options of a job; rename it."""
        body = {"Options": dict(options or {})} | given(Name=name)
        return Call(method="POST", path=path("api", "updateJob", job_id), body=body, repeatable=True, parse=nothing)

    @Action
    def delete(self, job_id: int) -> Call[None]:
        """Delete a job."""
        return Call(method="DELETE", path=path("api", "job", job_id), parse=nothing)

    @Action
    def list(self, *, index: int | None = None, count: int | None = None) -> Call[TranscodingJobs]:
        """List jobs: all, or page `index` (from 0) of `count`."""
        query = {"index": index, "count": count}
        return Call(method="GET", path="/api/getJobs", query=query, parse=reading(TranscodingJobs))

    @Action
    def options_of(self, job_id: int) -> Call[JsonObject]:
        """Read the options of a job."""
        return Call(method="GET", path=path("api", "getOptions", job_id), parse=reading(JsonObject))

    @Action
    def fetch(self) -> Call[JsonObject]:
        """Claim the oldest waiting job, without retries; raises Invalid when there is none, or starts are paused."""
        return Call(method="GET", path="/api/fetchJob", repeatable=False, parse=reading(JsonObject))

    @Action
    def set_status(self, job_id: int, status: str) -> Call[None]:
        """Set `todo`, `doing` or `processed`."""
        body = {"id": job_id, "status": status}
        return Call(method="POST", path="/api/setJobStatus", body=body, repeatable=True, parse=nothing)

    @Action
    def options(self) -> Call[Options]:
        """List all options that jobs may have."""
        return Call(method="GET", path="/api/getOptions", parse=reading(Options))

    @Action
    def profiles(self) -> Call[Profiles]:
        """List the profiles."""
        return Call(method="GET", path="/api/getProfiles", parse=reading(Profiles))

    @Action
    def profile_options(self, profile_id: int) -> Call[JsonObject]:
        """Read the options of a profile."""
        return Call(method="GET", path=path("api", "getProfileOptions", profile_id), parse=reading(JsonObject))

    @Action
    def add_profile(self, name: str, options: Mapping[str, Any]) -> Call[None]:
        """Add a profile."""
        return Call(method="POST", path=path("api", "profile", name), body=dict(options), parse=nothing)

    @Action
    def update_profile(self, profile_id: int, name: str, options: Mapping[str, Any]) -> Call[None]:
        """Rename a profile and change or add its options."""
        body = {"Id": profile_id, "Name": name, "Options": dict(options)}
        return Call(method="POST", path="/api/updateProfile", body=body, repeatable=True, parse=nothing)

    @Action
    def delete_profile(self, profile_id: int) -> Call[None]:
        """Delete a profile."""
        return Call(method="DELETE", path=path("api", "profile", profile_id), parse=nothing)
