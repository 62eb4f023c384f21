"""The peers' catalog, the choice among them, and the names and table of their figures."""

import json
import re

import pytest

from benchmarks.figures import Figure
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.installation import DRIVERS, HERE
from benchmarks.peers.report import figures, table
from benchmarks.peers.run import chosen


def test_every_peer_has_its_driver_and_every_driver_its_peer():
    drivers = {path.name for path in DRIVERS.iterdir() if path.name.startswith("with_")}

    assert {peer.driver for peer in PEERS} == drivers


def test_no_two_peers_share_a_title():
    assert len({peer.title for peer in PEERS}) == len(PEERS)


def test_every_package_is_pinned_by_name_alone():
    lines = (HERE / "requirements.txt").read_text().splitlines()
    package = json.loads((HERE / "package.json").read_text())
    versions = (package["dependencies"] | package["optionalDependencies"]).values()

    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line) for line in lines)
    assert all(re.fullmatch(r"(npm:[a-z]+@)?[0-9.]+", version) for version in versions)


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (("rq",), ["rq (durable: yes)", "rq (durable: no)"]),
        (("rq:shipped", "agenda"), ["agenda (durable: yes)", "rq (durable: no)"]),
    ],
)
def test_a_name_chooses_both_kinds_of_a_peer_unless_it_says_which(names, titles):
    assert [peer.title for peer in chosen(names)] == titles


def test_without_names_all_are_chosen():
    assert chosen(()) == PEERS


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError, match="rabbitmq"):
        chosen(("rq", "rabbitmq"))


def test_a_figure_keeps_the_runs_that_have_it_and_is_missing_when_none_has():
    peer = chosen(("agenda",))[0]

    found = figures([(peer, [{"drain": 240.0, "pickup p50": 14.0}, {"drain": 200.0}])])

    assert found == (
        Figure("peer agenda (durable: yes): drain", "jobs/s", "higher", (240.0, 200.0)),
        Figure("peer agenda (durable: yes): pickup p50", "ms", "lower", (14.0,)),
    )


def test_the_table_has_medians_and_a_dash_for_what_was_not_measured():
    peer = chosen(("beanstalkd:durable",))[0]
    found = figures([(peer, [{"submit one": 5750.4, "pickup p50": 0.781}])])

    assert table([peer], found).splitlines()[2:] == ["| beanstalkd | yes | 5,750 | - | - | 0.78 | - |"]
