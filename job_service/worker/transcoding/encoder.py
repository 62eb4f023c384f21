"""Runs one encoding with ffmpeg: reports progress, and publishes the result atomically."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from job_service.worker.programs import Ended, Run, run
from job_service.worker.transcoding.ends import what_is_missing
from job_service.worker.transcoding.errors import EncodingFailed, EncodingStopped
from job_service.worker.transcoding.media import Media, ffmpeg_command, read_duration
from job_service.worker.transcoding.messages import Messages
from job_service.worker.transcoding.options import Encoding
from job_service.worker.transcoding.progress import Progress

UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True)
class Encoder:
    """The programs, and the seconds without progress after which ffmpeg is killed."""

    media: Media
    stall_seconds: float = 300.0
    grace_seconds: float = 5.0


@dataclass(frozen=True)
class Watcher:
    """Callbacks of an encoding: one gets the percents, the other says, about ten times a second, whether to stop."""

    on_percent: Callable[[int], None]
    should_stop: Callable[[], bool]


def part_of(encoding: Encoding, job_id: str, claim_id: str) -> Path:
    """Return the path of a claim's partial result: hidden, beside the target, with the claim's id."""
    job, claim = (UNSAFE_IN_NAME.sub("_", each) for each in (job_id, claim_id))
    return encoding.target.with_name(f".{job}.{claim}.part")


def encode(encoding: Encoding, part: Path, encoder: Encoder, watcher: Watcher) -> list[str]:
    """Encode into `part` and rename that to the target; return ffmpeg's last lines.

    Raises EncodingFailed with ffmpeg's reason, EncodingStopped when the watcher says so; neither leaves a file.
    """
    _require_end(encoding.source)
    progress = Progress(read_duration(encoding.source, encoder.media, watcher.should_stop), watcher.on_percent)
    encoding.target.parent.mkdir(parents=True, exist_ok=True)
    _remove_earlier_parts(part)
    messages = Messages({str(encoding.source): encoding.source.name, str(part): encoding.target.name})
    try:
        ended = _run(ffmpeg_command(encoder.media, encoding, part), encoder, watcher, progress, messages)
        _judge(ended, watcher, encoder, progress, messages)
        _publish(part, encoding.target)
    finally:
        part.unlink(missing_ok=True)
    return messages.log()


def _require_end(source: Path) -> None:
    if missing := what_is_missing(source):
        raise _cut_off(missing)


def _cut_off(how: str, log: Sequence[str] = ()) -> EncodingFailed:
    reason = f"The clip is cut off, or still being written: {how}."
    return EncodingFailed(reason, log, passing=True, unfinished=True)


def _remove_earlier_parts(part: Path) -> None:
    """Remove partial results of earlier claims; one that still runs somewhere then has no file to rename."""
    job, _, _ = part.stem.rpartition(".")
    for earlier in part.parent.glob(f"{job}.*.part"):
        earlier.unlink(missing_ok=True)


def _run(command: list[str], encoder: Encoder, watcher: Watcher, progress: Progress, messages: Messages) -> Ended:
    return run(
        Run(
            command,
            on_stdout=progress.hear,
            on_stderr=messages.hear,
            should_stop=lambda: watcher.should_stop() or progress.seconds_without_move() > encoder.stall_seconds,
            grace_seconds=encoder.grace_seconds,
            environment=encoder.media.environment,
        )
    )


def _judge(ended: Ended, watcher: Watcher, encoder: Encoder, progress: Progress, messages: Messages) -> None:
    """Raise EncodingStopped or EncodingFailed unless the encoding is complete and wanted."""
    if ended.stopped and progress.seconds_without_move() > encoder.stall_seconds:
        reason = f"The encoder made no progress for {encoder.stall_seconds:g} seconds."
        raise EncodingFailed(reason, messages.log(), passing=True)
    if ended.stopped or watcher.should_stop():
        raise EncodingStopped
    if ended.returncode:
        raise messages.failure(ended)
    # ffmpeg takes the end of a truncated file for the end of the clip, and exits with success.
    if messages.doubts_the_clip and (there := progress.shortfall()):
        raise _cut_off(f"{there} are there", messages.log())


def _publish(part: Path, target: Path) -> None:
    """Rename the result to its target durably: a completed job must not lose its file to a power cut."""
    _sync(part)
    part.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
