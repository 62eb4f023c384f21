"""DUMMY: simulated transfers, which only take time, by the given clock."""

from collections.abc import Iterator

from job_service.worker.transfers.entry import Entry
from job_service.worker.transfers.paths import SitePath, spell
from job_service.worker.transfers.site import DummySite
from job_service.worker.transfers.tree import PAGE, Page
from job_service.worker.transfers.watch import Meter, Watch

STEP_SECONDS = 0.5
FILE_MODE = 0o100644


def play(site: DummySite, watch: Watch) -> int:
    """Simulate the copy of a file at the site's rate; return its size. Raises TransferCancelled in half a second."""
    meter = Meter(watch, site.size)
    meter.beat()
    while meter.elapsed * site.rate < site.size:
        left = site.size / site.rate - meter.elapsed
        watch.sleep(min(STEP_SECONDS, left))
        meter.reach(min(site.size, round(meter.elapsed * site.rate)))
    meter.reach(site.size)
    meter.report()
    return site.size


def pages_of(site: DummySite, path: SitePath, like: str, meter: Meter) -> Iterator[Page]:
    """List a path that is a folder of `files` files, or a file where the site has none or the path is one of them."""
    if not site.files or (path and path[-1].startswith("file-")):
        meter.add(1)
        yield Page(spell(path[:-1], like), [_file(path[-1] if path else "file-0", site.size)])
        return
    for start in range(0, site.files, PAGE):
        names = [f"file-{number}" for number in range(start, min(start + PAGE, site.files))]
        meter.add(len(names))
        yield Page(spell(path, like), [_file(name, site.size) for name in names])


def _file(name: str, size: int) -> Entry:
    return Entry(name, FILE_MODE, size, 0)
