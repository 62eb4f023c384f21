"""The arguments for a result's video: its encoder, and filters for sizes that the encoder supports."""

from collections.abc import Mapping

from job_service.worker.transcoding.values import NO_STREAM, Arguments

#: ffmpeg's default encoders by container, where the encoder restricts sizes.
DEFAULT_ENCODERS: Mapping[str, str] = {
    "ipod": "libx264",
    "matroska": "libx264",
    "mov": "libx264",
    "mp4": "libx264",
}


def _even(smallest: int) -> tuple[str, ...]:
    """Return filters that scale tiny pictures up and crop odd rows and columns."""
    return (f"scale=max(iw\\,{smallest}):max(ih\\,{smallest})", "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0")


# Chroma subsampling needs even sides; encoders that are not listed accept any size.
FITTING: Mapping[str, tuple[str, ...]] = {
    "libsvtav1": _even(64),
    "libx264": _even(2),
    "libx265": _even(16),
    "prores": ("scale=max(iw\\,2):ih", "crop=trunc(iw/2)*2:ih:0:0"),
}


def video(encoder: str | None, muxer: str, scaling: str | None) -> Arguments:
    """Give the arguments for a result's video.

    `encoder` is ffmpeg's name of an encoder, `none` for no video, None for the container's own; `scaling` is the filter
    for the requested size, None where the picture keeps its own.
    """
    if encoder == NO_STREAM:
        return ("-vn",)
    fitting = FITTING.get(encoder or DEFAULT_ENCODERS.get(muxer, ""), ())
    filters = ",".join(filter(None, (scaling, *fitting)))
    return (*(("-c:v", encoder) if encoder else ()), *(("-vf", filters) if filters else ()))
