"""Two generated clients, called in the same way; this runs beside them, where nothing of the service is installed."""

import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from typing import Any

from tests.generators.calls import CALLS, Answers, Call


def alike(name: str) -> str:
    """Bring a name to the form that is the same in all generators."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


class OpenapiPythonClient:
    """What `openapi-python-client` makes: a module for each operation."""

    def __init__(self, url: str) -> None:
        self._package = "job_service_client"
        self._client = importlib.import_module(self._package).Client(base_url=url)

    def ask(self, call: Call, arguments: dict[str, Any], body: dict[str, Any] | None) -> tuple[Any, bytes]:
        """Give the answer as the client has read it, and as it came."""
        package = f"{self._package}.api.{call.tag}"
        modules = [module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__)]
        [name] = [name for name in modules if alike(name) == alike(call.operation)]
        if body is not None:
            models = importlib.import_module(f"{self._package}.models")
            arguments["body"] = getattr(models, call.model).from_dict(body)
        module = importlib.import_module(f"{package}.{name}")
        answer = module.sync_detailed(client=self._client, **arguments)
        return answer.parsed, answer.content


class OpenapiGenerator:
    """What `openapi-generator` makes: a class for each tag, a method for each operation."""

    def __init__(self, url: str) -> None:
        self._module: Any = importlib.import_module("openapi_client")
        self._client = self._module.ApiClient(self._module.Configuration(host=url))

    def ask(self, call: Call, arguments: dict[str, Any], body: dict[str, Any] | None) -> tuple[Any, bytes]:
        """Give the answer as the client has read it, and as it came."""
        api = getattr(self._module, f"{call.tag.title()}Api")(self._client)
        [name] = [name for name in dir(api) if alike(name) == alike(f"{call.operation}_with_http_info")]
        if body is not None:
            argument = re.sub(r"(?<!^)(?=[A-Z])", "_", call.model).lower()
            arguments[argument] = getattr(self._module, call.model).from_dict(body)
        answer = getattr(api, name)(**arguments)
        return answer.data, answer.raw_data


def plain(value: Any) -> Any:
    """Give what a client has read as JSON would."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return plain(value.to_dict()) if hasattr(value, "to_dict") else value


def missing(sent: Any, read: Any, place: str = "") -> Iterator[str]:
    """Name what was sent and is not there in what was read; null counts as absent."""
    if isinstance(sent, dict):
        there = read if isinstance(read, dict) else {}
        for name, value in sent.items():
            yield from missing(value, there.get(name), f"{place}.{name}")
    elif isinstance(sent, list):
        for number, value in enumerate(sent):
            fits = isinstance(read, list) and number < len(read)
            yield from missing(value, read[number] if fits else None, f"{place}[{number}]")
    elif sent is not None and read is None:
        yield place or "everything"


def sent_of(content: bytes) -> Any:
    """Read an answer: JSON, or a text."""
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()


def faults(client: OpenapiPythonClient | OpenapiGenerator) -> Iterator[str]:
    """Make all calls; name what goes wrong."""
    answers: dict[str, Any] = {}
    for call in CALLS:
        try:
            yield from (f"{call.operation}: {place} is lost" for place in _lost(client, call, answers))
        except Exception as error:  # noqa: BLE001 - each is a finding, and the others are to be made
            yield f"{call.operation}: {type(error).__name__}: {error}"


def _lost(client: OpenapiPythonClient | OpenapiGenerator, call: Call, answers: dict[str, Any]) -> list[str]:
    known: Answers = answers
    body = None if call.body is None else call.body(known)
    read, content = client.ask(call, call.arguments(known), body)
    sent = answers[call.operation] = sent_of(content)
    return list(missing(sent, plain(read)))


if __name__ == "__main__":
    made = OpenapiPythonClient if sys.argv[1] == "openapi-python-client" else OpenapiGenerator
    found = list(faults(made(sys.argv[2])))
    sys.stdout.write("\n".join([*found, f"{sys.argv[1]}: {len(CALLS)} calls, {len(found)} faults\n"]))
    sys.exit(bool(found))
