"""The allow-list: a job's options become an encoder's arguments here, or the job is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from job_service.worker.transcoding.errors import UnsafeOption
from job_service.worker.transcoding.folders import Folders
from job_service.worker.transcoding.picture import video
from job_service.worker.transcoding.values import BETTER_CODECS, ENCODER_OPTIONS, PICTURE_OPTIONS, Arguments, muxer

SPELLINGS: Mapping[str, str] = {
    "acodec": "audiocodec",
    "format": "container",
    "fps": "framerate",
    "inputfile": "input",
    "outputfile": "output",
    "size": "resolution",
    "vcodec": "codec",
    "videobitrate": "bitrate",
    "videocodec": "codec",
}
KNOWN = frozenset({"input", "output", "container", *PICTURE_OPTIONS, *ENCODER_OPTIONS})
SEPARATORS = re.compile(r"[ _-]+")
LONGEST_VALUE = 4096
LONGEST_SHOWN = 80

T = TypeVar("T")


@dataclass(frozen=True)
class Encoding:
    """A validated encoding: a clip, its target, the container, and ffmpeg's arguments."""

    source: Path
    target: Path
    muxer: str
    arguments: Arguments


def parse_options(options: Mapping[str, Any], folders: Folders) -> Encoding:
    """Turn a job's options into an encoding.

    A key may be written in any case, with or without spaces, underscores and dashes: `Frame Rate`, `frame_rate`. A
    value is a text or a number. Raises UnsafeOption, with a sentence for each option that is unknown, unsafe, missing,
    or repeated.
    """
    values = _named(options)
    problems: list[str] = []
    source = _tried(problems, folders.source, values["input"])
    target = _tried(problems, folders.target, values["output"])
    container = _tried(problems, _muxer, values)
    values = {**BETTER_CODECS.get(container or "", {}), **values}
    encoder, scaling = (_if_given(problems, values, name, make) for name, make in PICTURE_OPTIONS.items())
    arguments = [_if_given(problems, values, name, make) for name, make in ENCODER_OPTIONS.items()]
    if source and source == target:
        problems.append("The output is the input.")
    if problems or not (source and target and container):
        raise UnsafeOption(" ".join(problems))
    together = (*video(encoder, container, scaling), *chain.from_iterable(filter(None, arguments)))
    return Encoding(source, target, container, together)


def _if_given(problems: list[str], values: Mapping[str, str], name: str, make: Callable[[str], T]) -> T | None:
    return _tried(problems, make, values[name]) if name in values else None


def _tried(problems: list[str], make: Callable[..., T], *given: Any) -> T | None:
    """Return the value of `make`, or collect its refusal, so that one error names all faults."""
    try:
        return make(*given)
    except UnsafeOption as refusal:
        problems.append(str(refusal))
    return None


def _named(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the options as texts, by their normalized names."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for key, value in options.items():
        _tried(problems, _add, values, key, value)
    problems += [f"The option {name!r} is missing." for name in ("input", "output") if name not in values]
    if problems:
        raise UnsafeOption(" ".join(problems))
    return values


def _add(values: dict[str, str], key: str, value: Any) -> None:
    name = SEPARATORS.sub("", key.lower())
    name = SPELLINGS.get(name, name)
    if name not in KNOWN:
        raise UnsafeOption(f"The option {key[:LONGEST_SHOWN]!r} is not known to this worker.")
    if name in values:
        raise UnsafeOption(f"The option {key[:LONGEST_SHOWN]!r} is there twice, in two spellings.")
    # An option with a refused value is not missing as well: one sentence about it is enough.
    values[name] = ""
    values[name] = _text(key, value)


def _text(key: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnsafeOption(f"The option {key!r} has to be a text or a number.")
    text = str(value)
    if len(text) > LONGEST_VALUE:
        raise UnsafeOption(f"The option {key!r} is longer than {LONGEST_VALUE} characters.")
    return text


def _muxer(values: Mapping[str, str]) -> str:
    """Return the requested container, else that of the output's suffix; ffmpeg never has to guess."""
    if "container" in values:
        return muxer(values["container"])
    return muxer(PurePosixPath(values["output"]).suffix.lstrip("."))
