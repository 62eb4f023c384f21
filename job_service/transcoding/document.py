"""What a transcoding job is: its words, the options there are, and what a fetching worker is given."""

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import TypedDict

from job_service.lifecycle.job import State
from job_service.lifecycle.kind import Kind

WAITING, STARTED, PROCESSED = "todo", "doing", "processed"
STATUSES = (WAITING, STARTED, PROCESSED)

#: Its clients know no other end than `processed`; how a job ended is in its state.
TRANSCODING = Kind(
    name="transcoding",
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
    """What `/api` is."""

    Name: str
    Version: float


class WorkOrder(TypedDict):
    """What an encoder fetches; the job's options stand beside these."""

    jobId: int
    name: str
    service: str
    enable: str
    version: int
    config: str
    status: str


class Option(TypedDict):
    """An option that there is."""

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
    """Return the starting set, and after it what has been used beside it, given as numbers from 1 and keys."""
    start: list[Option] = [
        {"id": place, "key": key, "name": name, "is_optional": is_optional}
        for place, (key, name, is_optional) in enumerate(_STARTING_SET, 1)
    ]
    after = len(_STARTING_SET)
    return start + [{"id": after + number, "key": key, "name": key, "is_optional": True} for number, key in used]


def work_order(number: int, name: str, options: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Return what `fetchJob` answers: the options, and over them what the worker has to know."""
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
