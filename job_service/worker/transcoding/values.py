"""The allowed values of each option, and the encoder's arguments for them."""

import re
from collections.abc import Callable, Mapping

from job_service.worker.transcoding.errors import UnsafeOption

Arguments = tuple[str, ...]

VIDEO_ENCODERS: Mapping[str, str] = {
    "av1": "libsvtav1",
    "copy": "copy",
    "ffv1": "ffv1",
    "h264": "libx264",
    "h265": "libx265",
    "hevc": "libx265",
    "libaom-av1": "libaom-av1",
    "libsvtav1": "libsvtav1",
    "libvpx": "libvpx",
    "libvpx-vp9": "libvpx-vp9",
    "libx264": "libx264",
    "libx265": "libx265",
    "mpeg2": "mpeg2video",
    "mpeg2video": "mpeg2video",
    "mpeg4": "mpeg4",
    "prores": "prores",
    "vp8": "libvpx",
    "vp9": "libvpx-vp9",
    "x264": "libx264",
    "x265": "libx265",
}
AUDIO_ENCODERS: Mapping[str, str] = {
    "aac": "aac",
    "ac3": "ac3",
    "copy": "copy",
    "flac": "flac",
    "libmp3lame": "libmp3lame",
    "libopus": "libopus",
    "libvorbis": "libvorbis",
    "mp3": "libmp3lame",
    "opus": "libopus",
    "pcm": "pcm_s16le",
    "vorbis": "libvorbis",
}
MUXERS: Mapping[str, str] = {
    "avi": "avi",
    "flac": "flac",
    "flv": "flv",
    "m4a": "ipod",
    "m4v": "mp4",
    "matroska": "matroska",
    "mka": "matroska",
    "mkv": "matroska",
    "mov": "mov",
    "mp3": "mp3",
    "mp4": "mp4",
    "mpegts": "mpegts",
    "mpg": "mpeg",
    "ogg": "ogg",
    "opus": "opus",
    "ts": "mpegts",
    "wav": "wav",
    "webm": "webm",
}
#: Replacements of ffmpeg's default codecs by container: MPEG-1 has eight frame rates, MP3 in FLV few sampling rates.
BETTER_CODECS: Mapping[str, Mapping[str, str]] = {"flv": {"audiocodec": "aac"}, "mpeg": {"codec": "mpeg2"}}
PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)
NO_STREAM = "none"
MAX_SIDE = 16384
MAX_FRAMES_A_SECOND = 1000
FEWEST_BITS = 1000

BITRATE = re.compile(r"[1-9][0-9]{0,8}(\.[0-9]{1,3})?[kKM]?")
SIZE = re.compile(r"([1-9][0-9]{0,4})[xX]([1-9][0-9]{0,4})")
HEIGHT = re.compile(r"([1-9][0-9]{1,4})[pP]")
FRAME_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,16})?)(?:/([1-9][0-9]{0,5}))?")


def codec(value: str) -> str:
    """Return ffmpeg's name of the video's encoder, or `none` for no video."""
    return NO_STREAM if value.lower() == NO_STREAM else _one_of("codec", value, VIDEO_ENCODERS)


def audio_codec(value: str) -> Arguments:
    """Give the arguments for the audio's encoder, or for no audio at all."""
    if value.lower() == NO_STREAM:
        return ("-an",)
    return ("-c:a", _one_of("audio codec", value, AUDIO_ENCODERS))


def bitrate(value: str) -> Arguments:
    """Give the arguments for the video's bits a second."""
    return ("-b:v", _bits("bitrate", value))


def audio_bitrate(value: str) -> Arguments:
    """Give the arguments for the audio's bits a second."""
    return ("-b:a", _bits("audio bitrate", value))


def resolution(value: str) -> str:
    """Give the filter for a size in pixels, or for a height whose width, an even one, follows from the picture."""
    size = SIZE.fullmatch(value)
    match = size or HEIGHT.fullmatch(value)
    if match is None or max(map(int, match.groups())) > MAX_SIDE:
        raise UnsafeOption(
            f"The resolution has to be like 1280x720 or 720p, each side {MAX_SIDE} at most, and not {value!r}."
        )
    if size:
        return f"scale={size[1]}:{size[2]}"
    return f"scale=max(2\\,2*round({match[1]}*iw/ih/2)):{match[1]}"


def frame_rate(value: str) -> Arguments:
    """Give the arguments for the frames a second, as a number or a fraction."""
    match = FRAME_RATE.fullmatch(value)
    if match is None or not 0 < float(match[1]) / int(match[2] or 1) <= MAX_FRAMES_A_SECOND:
        raise UnsafeOption(f"The frame rate has to be like 25, 29.97 or 30000/1001, and not {value!r}.")
    return ("-r", value)


def preset(value: str) -> Arguments:
    """Give the arguments for how much work the encoder takes on."""
    return ("-preset", _one_of("preset", value, {each: each for each in PRESETS}))


def muxer(value: str) -> str:
    """Give the name ffmpeg has for a container."""
    return _one_of("container", value, MUXERS)


def _one_of(option: str, value: str, known: Mapping[str, str]) -> str:
    if value.lower() not in known:
        raise UnsafeOption(f"The {option} {value!r} is not one of {', '.join(sorted(known))}.")
    return known[value.lower()]


def _bits(option: str, value: str) -> str:
    if not BITRATE.fullmatch(value):
        raise UnsafeOption(f"The {option} has to be like 800k, 2.5M or 128000, and not {value!r}.")
    if value[-1] not in "kKM" and float(value) < FEWEST_BITS:
        raise UnsafeOption(
            f"The {option} {value!r} is less than {FEWEST_BITS} bits a second; "
            "is a k for thousands or an M for millions missing?"
        )
    return value


#: Options that are handled together, since the encoder restricts the size.
PICTURE_OPTIONS: Mapping[str, Callable[[str], str]] = {"codec": codec, "resolution": resolution}
ENCODER_OPTIONS: Mapping[str, Callable[[str], Arguments]] = {
    "bitrate": bitrate,
    "framerate": frame_rate,
    "preset": preset,
    "audiocodec": audio_codec,
    "audiobitrate": audio_bitrate,
}
