"""`job-service worker transcoding`: ffmpeg."""

from pathlib import Path

import click

from job_service.command.worker_options import WorkerOptions, run_worker, worker_options
from job_service.command.worker_programs import environment_without_credentials, found
from job_service.worker.transcoding.encoder import Encoder
from job_service.worker.transcoding.folders import Folders
from job_service.worker.transcoding.handler import transcodes
from job_service.worker.transcoding.media import Media

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path, resolve_path=True)


@click.command()
@click.option("--input-dir", required=True, type=FOLDER, help="The folder that the option 'input' of a job is in.")
@click.option("--output-dir", required=True, type=FOLDER, help="The folder that the option 'output' of a job is in.")
@click.option(
    "--stall-seconds",
    default=300.0,
    show_default=True,
    type=click.FloatRange(1),
    help="End an encoder that has not moved for so long.",
)
@worker_options
def transcoding(options: WorkerOptions, input_dir: Path, output_dir: Path, stall_seconds: float) -> None:
    """Transcode clips with ffmpeg.

    Only known options with safe values reach ffmpeg: input, output, codec, bitrate, resolution, frame rate, container,
    preset, audio codec, audio bitrate.

    \b
    Example:
      job-service worker transcoding --input-dir ./clips --output-dir ./transcoded --concurrency 1
    """  # noqa: D301 - click's mark for a block to leave as it is is the character itself
    media = Media(found("ffmpeg"), found("ffprobe"), environment_without_credentials())
    encoder = Encoder(media, stall_seconds=stall_seconds)
    run_worker(options, lambda worker: transcodes(worker, Folders(input_dir, output_dir), encoder))
