"""Faults of connections. See `nemesis` for what a fault is. What the proxies counted is the evidence."""

from collections.abc import Iterator

from tests.torture.proxy import Proxy
from tests.torture.waiting import until
from tests.torture.world import World

Steps = Iterator[tuple[str, float]]

_LONGEST = 15


def cut_from_database(world: World) -> Steps:
    yield from _cut(world, world.rng.choice(world.instances).to_database)


def cut_from_clients(world: World) -> Steps:
    yield from _cut(world, [instance.before for instance in world.instances])


def database_replies_lost(world: World) -> Steps:
    yield from _lost(world, world.rng.choice(world.instances).to_database)


def client_replies_lost(world: World) -> Steps:
    yield from _lost(world, [world.rng.choice(world.instances).before])


def database_slow(world: World) -> Steps:
    proxies = world.rng.choice(world.instances).to_database
    for proxy in proxies:
        proxy.delay = 0.2
    until(lambda: _count(proxies, "delayed"), _LONGEST, "something was delayed")
    yield "0.2 s a packet", world.rng.uniform(2, 5)
    _heal(proxies)
    yield f"{_count(proxies, 'delayed')} packets so far", 0


def _cut(world: World, proxies: list[Proxy]) -> Steps:
    before = _count(proxies, "cut")
    for proxy in proxies:
        proxy.refusing = True
        world.proxies.run(proxy.cut())
    cut = until(lambda: _count(proxies, "cut") - before, _LONGEST, "there was a connection to cut")
    yield f"{cut} connections cut", world.rng.uniform(0, 1.5)
    _heal(proxies)


def _lost(world: World, proxies: list[Proxy]) -> Steps:
    before = _count(proxies, "swallowed")
    for proxy in proxies:
        proxy.swallowing = True
    until(lambda: _count(proxies, "swallowed") > before, _LONGEST, "a reply was lost")
    yield "replies lost", world.rng.uniform(0.1, 1.0)
    _heal(proxies)
    yield f"{_count(proxies, 'swallowed') - before} bytes", 0


def _heal(proxies: list[Proxy]) -> None:
    for proxy in proxies:
        proxy.heal()


def _count(proxies: list[Proxy], what: str) -> int:
    return sum(proxy.counts[what] for proxy in proxies)
