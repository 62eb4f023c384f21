"""Libraries for JSON Schema beside each other: 10,000 items against a schema of twenty fields, in one run.

    python -m benchmarks.json_schemas

Prints the items a second of each that is installed, and its time beside that of the service. The others are no
dependencies: `pip install jsonschema fastjsonschema` into a copy of the environment to compare with them.
"""

import importlib
import time
from collections.abc import Callable, Iterator

from job_service.kinds.schemas import compile_schema

ITEMS = 10_000


def main() -> None:
    items = [item(number) for number in range(ITEMS)]
    ours = 0.0
    for name, check in checks(schema()):
        rate = ITEMS / seconds(check, items)
        ours = ours or rate
        print(f"{name}: {rate:,.0f} items/s, {ours / rate:.1f} times the time of the service")


def checks(document: dict[str, object]) -> Iterator[tuple[str, Callable[[object], object]]]:
    yield "service (jsonschema-rs)", compile_schema(document).faults
    for name in ("fastjsonschema", "jsonschema"):
        try:
            library = importlib.import_module(name)
        except ImportError:
            print(f"{name}: not installed")
            continue
        validator = None if name == "fastjsonschema" else library.Draft202012Validator(document)
        yield name, validator.validate if validator else library.compile(document)


def seconds(check: Callable[[object], object], items: list[dict[str, object]]) -> float:
    began = time.perf_counter()
    for each in items:
        check(each)
    return time.perf_counter() - began


def schema() -> dict[str, object]:
    properties: dict[str, object] = {}
    for place in range(4):
        properties |= {
            f"text{place}": {"type": "string", "minLength": 1, "maxLength": 200},
            f"choice{place}": {"enum": ["red", "green", "blue"]},
            f"count{place}": {"type": "integer", "minimum": 0, "maximum": 100_000},
            f"number{place}": {"type": "number"},
            f"list{place}": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        }
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def item(number: int) -> dict[str, object]:
    values = {"text": f"text {number}", "choice": "green", "count": number, "number": number / 3, "list": ["a", "b"]}
    return {f"{name}{place}": value for place in range(4) for name, value in values.items()}


if __name__ == "__main__":
    main()
