"""Completes a worker's figures, since some copy programs report only that everything is copied."""

from job_service.transfers.wire import UNMEASURED, Monitoring


def figures_of(told: Monitoring, size: int) -> dict[str, float | None]:
    """Return bytes, seconds and bytes a second of an element of `size` bytes; None for an unknown figure."""
    elapsed = _measured(told.elapsed)
    average = _measured(told.average)
    if average is None and elapsed:
        average = size / elapsed
    transferred = _measured(told.transferred)
    return {
        "transferred": float(size) if transferred is None else transferred,
        "elapsed": elapsed,
        "instant": _measured(told.instant),
        "average": average,
    }


def _measured(figure: float) -> float | None:
    return None if figure == UNMEASURED else figure
