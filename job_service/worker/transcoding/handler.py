"""The handler of transcoding jobs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from job_service.worker import GiveUp, Job, TryAgain, Worker
from job_service.worker.transcoding.encoder import Encoder, Watcher, encode, part_of
from job_service.worker.transcoding.errors import EncodingFailed, EncodingStopped, UnsafeOption
from job_service.worker.transcoding.folders import Folders
from job_service.worker.transcoding.options import Encoding, parse_options
from job_service.worker.uploads import until_it_may_be_whole

KIND = "transcoding"


def transcodes(worker: Worker, folders: Folders, encoder: Encoder) -> None:
    """Make a worker do transcoding jobs: clips from one folder, results into another."""
    worker.handles(KIND)(handler(folders, encoder))


def handler(folders: Folders, encoder: Encoder) -> Callable[[Job], dict[str, Any]]:
    """Give the handler of a job whose parameters are `{options: {key: value}}`; its result is `{output, bytes}`."""

    def transcode(job: Job) -> dict[str, Any]:
        try:
            encoding = parse_options(job.parameters.get("options") or {}, folders)
            _encode(job, encoding, encoder)
            return _result(encoding, folders)
        except UnsafeOption as refusal:
            raise GiveUp(str(refusal)) from refusal
        except OSError as trouble:
            raise TryAgain(f"The worker cannot use its folders or programs: {trouble.strerror}") from trouble

    return transcode


def _encode(job: Job, encoding: Encoding, encoder: Encoder) -> None:
    watcher = Watcher(job.progress, job.cancelled.is_set)
    try:
        log = encode(encoding, part_of(encoding, job.id, job.claim_id), encoder, watcher)
    except EncodingStopped:
        job.checkpoint()
        raise
    except EncodingFailed as failure:
        if failure.log:
            job.log("\n".join(failure.log))
        raise _refusal(failure, encoding.source) from failure
    if log:
        job.log("\n".join(log))


def _refusal(failure: EncodingFailed, source: Path) -> GiveUp | TryAgain:
    delay = until_it_may_be_whole(source.stat()) if failure.unfinished else None
    if failure.passing or delay:
        return TryAgain(str(failure), delay=delay)
    return GiveUp(str(failure))


def _result(encoding: Encoding, folders: Folders) -> dict[str, Any]:
    output = encoding.target.relative_to(folders.output.resolve())
    return {"output": output.as_posix(), "bytes": encoding.target.stat().st_size}
