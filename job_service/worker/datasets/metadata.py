"""The rules for a dataset's metadata.

`<NAME>.json` is a JSON object in UTF-8 whose `shortName` is the name of the dataset; `name` counts where there
is no `shortName`. If it has `dataRevision`, that is an object; if it has `measureVariables` or `identifierVariables`,
they are lists of objects. Other fields are not checked.
"""

import json
from typing import Any

from job_service.worker.errors import GiveUp

LISTS = ("identifierVariables", "measureVariables")


def check_metadata(content: bytes, dataset: str) -> dict[str, Any]:
    """Return the metadata. Raises GiveUp, whose message names the fault."""
    try:
        metadata = json.loads(content.decode("utf-8"), parse_constant=_no_such_number)
    except (ValueError, RecursionError) as error:
        raise GiveUp(f"The metadata is not valid JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise GiveUp("The metadata is not a JSON object")
    name = metadata.get("shortName", metadata.get("name"))
    if name is None:
        raise GiveUp("The metadata does not say which dataset it is of: shortName is missing")
    if name != dataset:
        raise GiveUp(f"The metadata is of {name!r}, not of {dataset}")
    _check_shape(metadata)
    return metadata


def _check_shape(metadata: dict[str, Any]) -> None:
    if not isinstance(metadata.get("dataRevision", {}), dict):
        raise GiveUp("In the metadata, dataRevision is not an object")
    for name in LISTS:
        variables = metadata.get(name, [])
        if not isinstance(variables, list) or not all(isinstance(variable, dict) for variable in variables):
            raise GiveUp(f"In the metadata, {name} is not a list of objects")


def _no_such_number(name: str) -> None:
    raise ValueError(f"{name} is not a number")
