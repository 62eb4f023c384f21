import dataclasses
import json
import subprocess
import sys
import threading

import pytest

from job_service.worker.transcoding.encoder import Encoder, Watcher, encode, part_of
from job_service.worker.transcoding.errors import EncodingFailed, EncodingStopped
from job_service.worker.transcoding.media import Media
from job_service.worker.transcoding.options import parse_options
from tests.system.programs.processes import DEADLINE, ends, running

# Slow on purpose, so that there is something to stop.
LONG = {"input": "long.mp4", "output": "long.webm", "codec": "av1", "audio codec": "none", "resolution": "3840x2160"}


class Job:
    """What an encoding is done for, as a test sees it."""

    def __init__(self, *, stop_at=None):
        self.percents: list[int] = []
        self.stop = threading.Event()
        self._stop_at = stop_at
        self.watcher = Watcher(self.percents.append, self.should_stop)

    def should_stop(self):
        if self._stop_at is not None and self._stop_at():
            self.stop.set()
        return self.stop.is_set()


def encoded(folders, options, *, job=None, claim="one", **encoder):
    encoding = parse_options(options, folders)
    job = job or Job()
    log = encode(encoding, part_of(encoding, "7", claim), Encoder(Media(), **encoder), job.watcher)
    return encoding.target, log, job


def streams_of(path):
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE).stdout)
    return {each["codec_type"]: each for each in told["streams"]}, told["format"]


def test_a_clip_comes_out_as_asked_for(folders):
    target, log, job = encoded(
        folders,
        {
            "input": "clip.mp4",
            "output": "new/small.mkv",
            "Codec": "hevc",
            "Resolution": "160x120",
            "Frame Rate": "10",
            "Preset": "ultrafast",
            "Audio Codec": "opus",
            "Audio Bitrate": "48k",
        },
    )

    streams, container = streams_of(target)
    video = streams["video"]
    assert (video["codec_name"], video["width"], video["height"]) == ("hevc", 160, 120)
    assert video["avg_frame_rate"] == "10/1"
    assert streams["audio"]["codec_name"] == "opus"
    assert "matroska" in container["format_name"]
    assert float(container["duration"]) == pytest.approx(4, abs=0.2)
    assert job.percents == sorted(set(job.percents))
    assert all(0 < each < 100 for each in job.percents)
    assert any("Stream mapping" in line or "encoded" in line for line in log)
    assert str(folders.input) not in "\n".join(log)
    assert list(target.parent.iterdir()) == [target]


def test_progress_is_told_while_the_encoder_runs(folders):
    job = Job()
    job = Job(stop_at=lambda: len(job.percents) >= 2)
    with pytest.raises(EncodingStopped):
        encoded(folders, LONG | {"resolution": "320x240"}, job=job)
    assert len(job.percents) >= 2


def test_a_height_keeps_the_shape_of_the_picture(folders):
    target, _, _ = encoded(folders, {"input": "clip.mp4", "output": "small.mp4", "resolution": "120p"})
    video = streams_of(target)[0]["video"]
    assert (video["width"], video["height"]) == (160, 120)


def test_sound_alone_can_be_asked_for(folders):
    target, _, _ = encoded(folders, {"input": "clip.mp4", "output": "sound.mp3", "codec": "none", "audio codec": "mp3"})
    assert {kind: each["codec_name"] for kind, each in streams_of(target)[0].items()} == {"audio": "mp3"}


def test_a_result_replaces_the_one_before(folders):
    options = {"input": "clip.mp4", "output": "again.mp4", "codec": "copy", "audio codec": "copy"}
    folders.output.mkdir()
    (folders.output / "again.mp4").write_text("old")
    target, _, _ = encoded(folders, options)
    assert streams_of(target)[0]["video"]["codec_name"] == "h264"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"output": "x.webm", "codec": "h264"}, "Only VP8 or VP9 or AV1 video"),
        ({"input": "text.mp4", "output": "x.mp4"}, "Invalid data"),
        ({"input": "list.mp4", "output": "x.mp4"}, "not on whitelist"),
        ({"input": "playlist.m3u8", "output": "x.mp4"}, "not on whitelist"),
    ],
    ids=["codec", "text", "list", "playlist"],
)
def test_an_impossible_option_fails_with_the_encoder_s_reason(folders, options, reason):
    with pytest.raises(EncodingFailed, match=reason) as caught:
        encoded(folders, {"input": "clip.mp4"} | options)

    assert str(folders.input) not in "\n".join([str(caught.value), *caught.value.log])
    assert not folders.output.exists() or list(folders.output.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "how", "reason"),
    [
        ("mp4", ["-c", "copy", "-movflags", "+faststart"], r"cut off, or still being written: [\d.]+ of 4.0 seconds"),
        ("mkv", ["-c", "copy"], r"cut off, or still being written: [\d.]+ of 4.0 seconds"),
        ("mp3", ["-vn"], r"cut off, or still being written: [\d.]+ of 4.0 seconds"),
        ("mov", ["-c", "copy"], "moov atom not found"),
        ("avi", ["-c:v", "mpeg4", "-c:a", "mp3"], r"cut off, or still being written: \d+ of \d+ bytes"),
        ("wav", ["-vn"], r"cut off, or still being written: \d+ of \d+ bytes"),
        ("wav", ["-vn", "-rf64", "always"], r"cut off, or still being written: \d+ of \d+ bytes"),
        ("aiff", ["-vn"], r"cut off, or still being written: \d+ of \d+ bytes"),
        ("ogg", ["-vn"], "cut off, or still being written: its last page is missing"),
    ],
)
def test_a_clip_that_is_cut_off_is_tried_again_and_gives_no_result(folders, clips, tmp_path, form, how, reason):
    whole = tmp_path / f"whole.{form}"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", clips / "clip.mp4", *how, whole]
    subprocess.run(command, check=True, timeout=DEADLINE)
    (tmp_path / f"cut.{form}").write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    here = dataclasses.replace(folders, input=tmp_path)
    options = {"input": f"cut.{form}", "output": "x.mkv", "codec": "mpeg4", "audio codec": "opus"}
    with pytest.raises(EncodingFailed, match=reason) as caught:
        encoded(here, options)
    assert (caught.value.passing, caught.value.unfinished) == (True, True)
    assert not folders.output.exists() or list(folders.output.iterdir()) == []
    encoded(here, options | {"input": f"whole.{form}"})


def test_a_failure_leaves_the_result_of_before_untouched(folders):
    folders.output.mkdir()
    (folders.output / "x.webm").write_text("old")
    with pytest.raises(EncodingFailed):
        encoded(folders, {"input": "clip.mp4", "output": "x.webm", "codec": "h264"})
    assert (folders.output / "x.webm").read_text() == "old"


def test_a_stop_ends_the_encoder_and_leaves_no_file(folders):
    parts_seen = []

    def has_begun():
        parts_seen.extend(folders.output.glob(".7.*.part"))
        return bool(parts_seen)

    with pytest.raises(EncodingStopped):
        encoded(folders, LONG, job=Job(stop_at=has_begun), grace_seconds=1)

    assert parts_seen
    assert list(folders.output.iterdir()) == []


def test_a_job_that_is_not_wanted_any_more_never_starts_an_encoder(folders):
    with pytest.raises(EncodingStopped):
        encoded(folders, LONG, job=Job(stop_at=lambda: True))
    assert not folders.output.exists() or list(folders.output.iterdir()) == []


def test_an_encoder_that_does_not_move_is_ended(folders):
    with pytest.raises(EncodingFailed, match="made no progress for 0 seconds"):
        encoded(folders, LONG, stall_seconds=0, grace_seconds=1)
    assert list(folders.output.iterdir()) == []


def test_what_a_claim_left_goes_with_the_next(folders):
    folders.output.mkdir()
    (folders.output / ".7.one.part").write_text("of a claim whose machine died")
    (folders.output / ".77.one.part").write_text("of another job")
    target, _, _ = encoded(folders, {"input": "clip.mp4", "output": "a.mp4", "codec": "copy"}, claim="two")
    assert {each.name for each in folders.output.iterdir()} == {target.name, ".77.one.part"}


WORKER = """
import json, sys
from pathlib import Path
from job_service.worker.transcoding.encoder import Encoder, Watcher, encode, part_of
from job_service.worker.transcoding.folders import Folders
from job_service.worker.transcoding.media import Media
from job_service.worker.transcoding.options import parse_options

input_dir, output_dir, options = sys.argv[1:]
encoding = parse_options(json.loads(options), Folders(Path(input_dir), Path(output_dir)))
told = Watcher(lambda percent: print(percent, flush=True), lambda: False)
encode(encoding, part_of(encoding, "7", "one"), Encoder(Media()), told)
"""


def test_a_worker_killed_leaves_no_encoder(folders):
    options = json.dumps(LONG | {"resolution": "320x240"})
    command = [sys.executable, "-c", WORKER, str(folders.input), str(folders.output), options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline()
        (encoder,) = running("ffmpeg", str(folders.output))
        worker.kill()

    assert ends(encoder)
    assert not (folders.output / "long.webm").exists()
