"""Clips of every shape are encoded by every encoder; `CLIPS=all` tries each of the one with each of the other."""

import itertools
import json
import os
import subprocess

import pytest

from job_service.worker.transcoding.encoder import Encoder, Watcher, encode, part_of
from job_service.worker.transcoding.folders import Folders
from job_service.worker.transcoding.media import Media
from job_service.worker.transcoding.options import parse_options
from tests.system.programs.processes import DEADLINE


def drawn(size, source="testsrc", rate="25"):
    return ("-f", "lavfi", "-i", f"{source}=size={size}:rate={rate}")


def tone(rate):
    return ("-f", "lavfi", "-i", f"sine=sample_rate={rate}")


#: How ffmpeg makes each clip; all are kept as they are drawn, without loss, in Matroska.
CLIPS = {
    "cut of a screen": (*drawn("1164x767"), "-pix_fmt", "yuv420p"),
    "odd": (*drawn("101x99"), *tone(48_000), "-pix_fmt", "yuv420p"),
    "one pixel": (*drawn("1x1"), "-pix_fmt", "yuv420p"),
    "tall": (*drawn("3x301"), "-pix_fmt", "yuv420p"),
    "wide": (*drawn("301x2", "mandelbrot"), "-pix_fmt", "yuv420p"),
    "full color": (*drawn("65x49", "mandelbrot"), "-pix_fmt", "gbrp"),
    "ten bits": (*drawn("65x49"), "-pix_fmt", "yuv422p10le"),
    "wide pixels": (*drawn("65x49"), "-vf", "setsar=16/11", "-pix_fmt", "yuv420p"),
    "odd rate": (*drawn("66x50", rate="1000/17"), "-pix_fmt", "yuv420p"),
    "slow": (*drawn("66x50", rate="7"), *tone(8_000), "-pix_fmt", "yuv420p"),
    "sound only": tone(48_000),
}
CODECS = {
    "h264": "mkv",
    "hevc": "mkv",
    "av1": "mkv",
    "libaom-av1": "mkv",
    "vp8": "webm",
    "vp9": "webm",
    "mpeg4": "avi",
    "mpeg2": "mkv",
    "ffv1": "mkv",
    "prores": "mov",
}
CONTAINERS = ("mp4", "mkv", "mov", "webm", "avi", "ts", "mpg", "flv", "m4v")
ALL = os.environ.get("CLIPS") == "all"
ENCODED = [("one pixel", each) for each in ("hevc", "av1", "prores", "mpeg2")]
CONTAINED = [*((each, "mp4") for each in CLIPS), *(("slow", each) for each in ("webm", "mpg", "flv"))]
if ALL:
    ENCODED, CONTAINED = (list(itertools.product(CLIPS, each)) for each in (CODECS, CONTAINERS))


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Give a clip's file, drawn when it is first asked for."""
    folder = tmp_path_factory.mktemp("shapes")

    def draw(name):
        path = folder / f"-{name}\u3000第1話 %d.mkv"
        if not path.exists():
            made = ["-t", "0.4", "-c:v", "ffv1", "-c:a", "flac", f"file:{path}"]
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *CLIPS[name], *made], check=True, timeout=DEADLINE)
        return path

    return draw


@pytest.fixture
def shape_of(clip, tmp_path):
    """Encode a clip and give what the result is: codec, width and height of its video, None without a video."""

    def encoded(name, **options):
        source = clip(name)
        container = options.get("container", "mkv")
        chosen = {"input": source.name, "output": f"-{source.stem}.{container}", **options}
        encoding = parse_options(chosen, Folders(source.parent, tmp_path))
        encode(encoding, part_of(encoding, "7", "1"), Encoder(Media()), Watcher(lambda percent: None, lambda: False))
        return first_video(encoding.target)

    return encoded


def first_video(path):
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_streams", "-of", "json", f"file:{path}"]
    streams = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE).stdout)["streams"]
    return (streams[0]["codec_name"], streams[0]["width"], streams[0]["height"]) if streams else None


def test_an_odd_screen_loses_one_row(shape_of):
    assert shape_of("cut of a screen", container="mp4") == ("h264", 1164, 766)


@pytest.mark.parametrize(
    ("codec", "width", "height"),
    [("h264", 100, 98), ("hevc", 100, 98), ("av1", 100, 98), ("prores", 100, 99), ("vp9", 101, 99), ("ffv1", 101, 99)],
)
def test_only_encoders_that_want_even_sides_lose_a_row_or_a_column(shape_of, codec, width, height):
    assert shape_of("odd", codec=codec, container=CODECS[codec])[1:] == (width, height)


@pytest.mark.parametrize("codec", CODECS if ALL else ["h264", "av1"])
@pytest.mark.parametrize("size", ["99p", "35x77"])
def test_an_odd_size_may_be_asked_for(shape_of, codec, size):
    _, width, height = shape_of("odd", codec=codec, container=CODECS[codec], resolution=size)
    asked = (102, 99) if size == "99p" else (35, 77)
    smallest = 64 if codec == "av1" else 1
    assert abs(width - max(asked[0], smallest)) <= 1
    assert abs(height - max(asked[1], smallest)) <= 1


@pytest.mark.parametrize(("clip_name", "codec"), ENCODED)
def test_every_encoder_takes_every_shape(shape_of, clip_name, codec):
    found = shape_of(clip_name, codec=codec, container=CODECS[codec])
    assert (found is None) == (clip_name == "sound only")


@pytest.mark.parametrize(("clip_name", "container"), CONTAINED)
def test_every_container_takes_every_shape_with_its_defaults(shape_of, clip_name, container):
    found = shape_of(clip_name, container=container)
    assert (found is None) == (clip_name == "sound only")


@pytest.mark.parametrize("resolution", ["10p", "2x2"])
def test_a_shape_that_leaves_no_pixel_keeps_two(shape_of, resolution):
    assert shape_of("tall", container="mp4", resolution=resolution)[1] == 2


def test_a_clip_that_is_shown_turned_is_cut_as_it_is_shown(clip, shape_of):
    upright, turned = (clip("odd").with_name(name) for name in ("upright.mov", "turned.mov"))
    for source, *how, result in (
        (clip("odd"), "-an", "-c:v", "mpeg4", upright),
        (upright, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned),
    ):
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", f"file:{source}", *how, f"file:{result}"]
        subprocess.run(command, check=True, timeout=DEADLINE)
    assert shape_of("odd", input=turned.name, container="mp4") == ("h264", 98, 100)
