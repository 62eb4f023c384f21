import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from job_service.worker.transfers import Place, TransferError, Watch, list_tree, mkdir, with_credentials
from tests.system.transfers.servers import free_port
from tests.system.transfers.trees import contents, copy


def reach(connections, site):
    return list(list_tree(connections, Place(site, "/"), Watch()))


def test_a_server_whose_key_is_not_known_is_refused(roots, server, connections, tmp_path):
    nobody = tmp_path / "nobody"
    nobody.touch()
    with pytest.raises(TransferError, match="not found in known_hosts"):
        reach(connections, server.site(1, roots, known_hosts=str(nobody)))


def test_a_server_with_another_key_than_the_known_one_is_refused(roots, server, connections, tmp_path):
    other = (server.folder / "strange_key.pub").read_text()
    (tmp_path / "another").write_text(f"[127.0.0.1]:{server.port} {other}")
    with pytest.raises(TransferError, match=r"at site 1: .*does not match"):
        reach(connections, server.site(1, roots, known_hosts=str(tmp_path / "another")))


def test_a_key_the_server_does_not_know_is_refused(roots, server, connections):
    with pytest.raises(TransferError, match=r"at site 1: .*[Aa]uthentication failed"):
        reach(connections, server.site(1, roots, key_file=str(server.folder / "strange_key")))


def test_a_job_may_bring_its_own_key(roots, server, connections):
    wrong = server.site(1, roots, key_file=str(server.folder / "strange_key"))
    right = with_credentials(wrong, {"key": (server.folder / "user_key").read_text()})
    assert reach(connections, right)
    with pytest.raises(TransferError, match="is no private key"):
        reach(connections, with_credentials(wrong, {"key": "nonsense"}))


def test_no_server_is_an_error_that_names_the_site(roots, server, connections):
    with pytest.raises(TransferError, match="at site 1"):
        reach(connections, replace(server.site(1, roots), port=free_port()))


def test_a_root_that_is_not_there_is_an_error(server, roots, connections):
    with pytest.raises(TransferError, match="at site 1"):
        reach(connections, server.site(1, roots / "not there"))


def test_a_connection_is_used_again_unless_it_failed(roots, server, connections):
    site = server.site(1, roots)
    with connections.to(site) as first:
        pass
    with connections.to(site) as second:
        assert second is first
        with connections.to(site) as third:
            assert third is not first
    with pytest.raises(TransferError), connections.to(site) as failing:
        failing.make_folder(("outside", "victim", "below"))
    assert not failing.alive()
    with connections.to(site) as next_one:
        assert next_one is not failing
        next_one.close()
    with connections.to(site) as after_that:
        assert after_that.alive()


def test_connections_with_other_credentials_are_not_shared(roots, server, connections):
    site = server.site(1, roots)
    with connections.to(site) as first:
        pass
    mine = with_credentials(site, {"key": (server.folder / "user_key").read_text()})
    with connections.to(mine) as second:
        assert second is not first


@pytest.mark.parametrize(("source", "target"), [("FILE", "SSH"), ("SSH", "FILE"), ("SSH", "SSH")])
def test_several_threads_copy_side_by_side(source, target, roots, site_at, connections):
    for number in range(8):
        (roots / "one" / str(number)).write_bytes(os.urandom(3 << 20))
    one, other = site_at(source, 1, roots / "one"), site_at(target, 2, roots / "other")
    together = threading.Barrier(8)

    def move(number):
        together.wait(30)
        return copy(connections, Place(one, str(number)), Place(other, f"same/new/folder/{number}"))

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(move, range(8)))) == 8
    assert contents(roots / "other" / "same" / "new" / "folder") == contents(roots / "one")


@pytest.mark.parametrize("protocol", ["FILE", "SSH"])
def test_no_error_shows_where_the_root_is(protocol, roots, site_at, connections):
    (roots / "one" / "file").write_bytes(b"abc")
    site = site_at(protocol, 1, roots / "one")
    with pytest.raises(TransferError) as below_a_file:
        mkdir(connections, Place(site, "file/x"))
    with pytest.raises(TransferError) as too_long:
        mkdir(connections, Place(site, "a" * 300))
    assert str(roots) not in f"{below_a_file.value} {too_long.value}"


def test_the_credentials_of_a_job_are_in_no_representation(server, roots):
    key = Path(server.folder / "user_key").read_text()
    site = with_credentials(server.site(1, roots), {"key": key, "password": "hunter2"})
    assert "hunter2" not in repr(site)
    assert "PRIVATE KEY" not in repr(site)
