"""Packs the function for AWS Lambda: a reproducible zip of the few files that it needs."""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HANDLER = "job_service.worker.lambda_function.handler.handler"

_ROOT = Path(__file__).resolve().parents[3]
_PACKAGES = ("job_service", "job_service/worker", "job_service/worker/sandbox", "job_service/worker/lambda_function")
_MODULES = ("sandbox/bootstrap.py", "sandbox/capture.py", "sandbox/pipes.py")
_OWN_MODULES = ("lambda_function/handler.py", "lambda_function/descendants.py")
_DEFAULT_TARGET = Path("dist/lambda.zip")


def pack(target: Path) -> None:
    """Write the zip to `target`, replacing an older file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for package in _PACKAGES:
            _add(archive, f"{package}/__init__.py", b"")
        for module in (*_MODULES, *_OWN_MODULES):
            name = f"job_service/worker/{module}"
            _add(archive, name, (_ROOT / name).read_bytes())


def _add(archive: ZipFile, name: str, content: bytes) -> None:
    """Add a file with fixed permissions and a fixed time, so that the zip depends on contents alone."""
    entry = ZipInfo(name)
    entry.external_attr = 0o100644 << 16
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, content)


def main(arguments: list[str]) -> None:
    """Pack to the named file, or to the default one, and print the settings for AWS."""
    target = Path(arguments[0]) if arguments else _DEFAULT_TARGET
    pack(target)
    sys.stdout.write(f"{target}\nhandler: {HANDLER}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
