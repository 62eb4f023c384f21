"""Whole jobs, done as the service and its worker do them, without either: listed, planned, and each element done."""

import os
import stat
from dataclasses import dataclass, field

import orjson
from bson import BSON

from job_service.transfers.planning import checked_listing, plan
from job_service.transfers.words import JobType
from job_service.worker.transfers import Connections, TransferError, Watch
from job_service.worker.transfers.element import Element, Mover


@dataclass
class Outcome:
    """What each element that failed said, by the path it was for."""

    failed: dict[str, str] = field(default_factory=dict)


def through_the_wire(value):
    """Send a value as JSON and store it."""
    return BSON.encode({"value": orjson.loads(orjson.dumps(value))}).decode()["value"]


def job(connections: Connections, sites, kind, source, target=None):
    """Do a job from (site, path) to (site, path); a removal has no target."""
    mover = Mover({site.number: site for site in sites}, connections)
    outcome = Outcome()

    def do(number, element_type, **parameters):
        try:
            return mover.do(Element(f"{kind}-{number}", 1, element_type, through_the_wire(parameters)), Watch())
        except TransferError as error:
            outcome.failed[parameters["src_filepath"]] = str(error)
            return None

    done = do(0, "LIST", src_siteid=source[0], src_filepath=source[1], listed_for=kind)
    if done is None:
        return outcome
    listing = checked_listing(through_the_wire(done.listing))
    for number, item in enumerate(plan(JobType[kind], source[1], target and target[1], listing), 1):
        if item.makes:
            do(number, "MKDIR", src_siteid=target[0], src_filepath=item.source)
        elif target:
            places = {"src_siteid": source[0], "dst_siteid": target[0]}
            do(number, kind, **places, src_filepath=item.source, dst_filepath=item.target)
        else:
            do(number, kind, src_siteid=source[0], src_filepath=item.source)
    return outcome


def followed(root, folder=b"", chain=()):
    """Say what a whole copy of a folder has: bytes of files, None for an empty folder, and what no copy can have.

    A pair of dictionaries by path. Links are followed as the system does, within the root and not round in a circle.
    """
    there: dict[bytes, bytes | None] = {}
    missing: set[bytes] = set()
    place = os.path.join(root, folder)
    chain = (*chain, os.path.realpath(place))
    names = os.listdir(place)
    if not names:
        there[folder] = None
    for name in names:
        path, real = os.path.join(folder, name), os.path.realpath(os.path.join(place, name))
        try:
            mode = os.stat(os.path.join(place, name)).st_mode
        except OSError:
            mode = 0
        circle = os.path.islink(os.path.join(place, name)) and any(_lies_in(each, real) for each in chain)
        if stat.S_ISREG(mode) and _lies_in(real, os.path.realpath(root)):
            with open(real, "rb") as file:
                there[path] = file.read()
        elif stat.S_ISDIR(mode) and not circle and _lies_in(real, os.path.realpath(root)):
            below, missing_below = followed(root, path, chain)
            there |= below
            missing |= missing_below
        else:
            missing.add(path)
    return there, missing


def _lies_in(path, folder):
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
