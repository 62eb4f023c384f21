"""The command lines of ffmpeg and ffprobe, which restrict the formats and protocols that a clip may use."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from job_service.worker.programs import Run, run
from job_service.worker.transcoding.errors import EncodingStopped
from job_service.worker.transcoding.messages import Messages
from job_service.worker.transcoding.options import Encoding

# Playlists and lists of files are excluded: a clip of such a format could name any file of this machine.
CLIP_FORMATS = (
    "aac",
    "ac3",
    "aiff",
    "asf",
    "avi",
    "dv",
    "flac",
    "flv",
    "matroska",
    "mov",
    "mp3",
    "mpeg",
    "mpegts",
    "mxf",
    "ogg",
    "wav",
)
# ffmpeg's message for any other format.
NO_CLIP_FORMAT = "not on whitelist"
ONLY_CLIPS = ("-protocol_whitelist", "file", "-format_whitelist", ",".join(CLIP_FORMATS))


@dataclass(frozen=True)
class Media:
    """The paths of the programs, and their whole environment."""

    ffmpeg: str = "ffmpeg"
    ffprobe: str = "ffprobe"
    environment: Mapping[str, str] = field(default_factory=dict)


def ffmpeg_command(media: Media, encoding: Encoding, part: Path) -> list[str]:
    """Return the argument vector that encodes into `part`; every path is absolute, with the prefix `file:`."""
    speech = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info", "-progress", "pipe:1"]
    source = [*ONLY_CLIPS, "-i", f"file:{encoding.source}"]
    # Only audio and video streams, since the container may not support others.
    result = [*encoding.arguments, "-sn", "-dn", "-f", encoding.muxer, "-y", f"file:{part}"]
    return [media.ffmpeg, *speech, *source, *result]


def ffprobe_command(media: Media, source: Path) -> list[str]:
    """Return the argument vector that prints a clip's duration, as JSON."""
    wanted = ["-loglevel", "level+error", "-show_entries", "format=duration", "-of", "json"]
    return [media.ffprobe, *wanted, *ONLY_CLIPS, "-i", f"file:{source}"]


def read_duration(source: Path, media: Media, should_stop: Callable[[], bool]) -> float | None:
    """Return a clip's duration in seconds, None if unknown. Raises EncodingFailed when the file is no clip."""
    said: list[str] = []
    messages = Messages({str(source): source.name})
    ended = run(
        Run(
            ffprobe_command(media, source),
            on_stdout=said.append,
            on_stderr=messages.hear,
            should_stop=should_stop,
            environment=media.environment,
        )
    )
    if ended.stopped:
        raise EncodingStopped
    if ended.returncode:
        failure = messages.failure(ended)
        # The beginning of an unfinished upload is not recognized as a clip either.
        failure.unfinished = NO_CLIP_FORMAT not in str(failure)
        raise failure
    with suppress(ValueError, KeyError):
        return float(json.loads("".join(said))["format"]["duration"])
    return None
