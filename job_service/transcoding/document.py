"""The document of a transcoding job: its statuses, its options, and the work order for its worker."""

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import TypedDict

from job_service.lifecycle.job import State
from job_service.lifecycle.kind import FAMILY_RUN_SECONDS, Kind

WAITING, STARTED, PROCESSED = "todo", "doing", "processed"
STATUSES = (WAITING, STARTED, PROCESSED)

#: Clients know no other end than `processed`; the job's state says how it ended.
TRANSCODING = Kind(
    name="transcoding",
    max_run_seconds=FAMILY_RUN_SECONDS,
    words={
        State.QUEUED: WAITING,
        State.RUNNING: STARTED,
        State.COMPLETED: PROCESSED,
        State.FAILED: PROCESSED,
        State.CANCELLED: PROCESSED,
        State.QUARANTINED: PROCESSED,
    },
    steps=frozenset({STARTED}),
    counts=True,
    by_id=True,
    worker="job-service worker transcoding --input-dir DIR --output-dir DIR (needs ffmpeg)",
)


class Information(TypedDict):
    """The name and version of `/api`."""

    Name: str
    Version: float


class WorkOrder(TypedDict):
    """The answer to `fetchJob`; the job's options stand beside these fields."""

    jobId: int
    name: str
    service: str
    enable: str
    version: int
    config: str
    status: str


class Option(TypedDict):
    """An option that jobs may have."""

    id: int
    key: str
    name: str
    is_optional: bool


INFORMATION: Information = {"Name": "VOD Transcoding system", "Version": 1.0}
API_VERSION = 1

_STARTING_SET = (
    ("input", "Input file", False),
    ("output", "Output file", False),
    ("codec", "Video codec", True),
    ("bitrate", "Video bitrate", True),
    ("resolution", "Resolution", True),
    ("frame_rate", "Frame rate", True),
    ("container", "Container", True),
    ("preset", "Preset", True),
    ("audio_codec", "Audio codec", True),
    ("audio_bitrate", "Audio bitrate", True),
)
WELL_KNOWN = frozenset(key for key, _, _ in _STARTING_SET)


def options_there_are(used: Iterable[tuple[int, str]]) -> list[Option]:
    """Return the built-in options, then those used beside them, which are given as numbers from 1 and keys."""
    start: list[Option] = [
        {"id": place, "key": key, "name": name, "is_optional": is_optional}
        for place, (key, name, is_optional) in enumerate(_STARTING_SET, 1)
    ]
    after = len(_STARTING_SET)
    return start + [{"id": after + number, "key": key, "name": key, "is_optional": True} for number, key in used]


def work_order(number: int, name: str, options: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Return the answer to `fetchJob`: the job's options, overlaid with the fields of the work order."""
    reserved = {
        "jobId": number,
        "name": name,
        "service": "encode",
        "enable": "1",
        "version": API_VERSION,
        "config": f"{host}/api/getAttributes",
        "status": f"{host}/api/updateJob",
    }
    return {**reserved, **options, **reserved}
