"""The video of a result: its encoder, and a picture of no size that the encoder can not take."""

from collections.abc import Mapping

from job_service.worker.transcoding.values import NO_STREAM, Arguments

#: What ffmpeg takes for a container where no codec is named, as far as that encoder minds the size.
DEFAULT_ENCODERS: Mapping[str, str] = {
    "ipod": "libx264",
    "matroska": "libx264",
    "mov": "libx264",
    "mp4": "libx264",
}


def _even(smallest: int) -> tuple[str, ...]:
    """Give the filters that scale a tiny picture up and cut an odd row or column off; an even one passes unchanged."""
    return (f"scale=max(iw\\,{smallest}):max(ih\\,{smallest})", "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0")


# A color sample for each two pixels asks for even sides; encoders that are not listed take any size.
FITTING: Mapping[str, tuple[str, ...]] = {
    "libsvtav1": _even(64),
    "libx264": _even(2),
    "libx265": _even(16),
    "prores": ("scale=max(iw\\,2):ih", "crop=trunc(iw/2)*2:ih:0:0"),
}


def video(encoder: str | None, muxer: str, scaling: str | None) -> Arguments:
    """Give the arguments for a result's video.

    `encoder` is ffmpeg's name of an encoder, `none` for no video, None for the container's own; `scaling` is the filter
    that was asked for, None where the picture keeps its size.
    """
    if encoder == NO_STREAM:
        return ("-vn",)
    fitting = FITTING.get(encoder or DEFAULT_ENCODERS.get(muxer, ""), ())
    filters = ",".join(filter(None, (scaling, *fitting)))
    return (*(("-c:v", encoder) if encoder else ()), *(("-vf", filters) if filters else ()))
