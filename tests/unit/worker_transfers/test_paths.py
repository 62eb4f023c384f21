import orjson
import pytest
from bson import BSON
from hypothesis import example, given
from hypothesis import strategies as st

from job_service.transfers.paths import normal
from job_service.worker.names import bytes_of, text_of
from job_service.worker.transfers import PathOutsideSite, TransferError
from job_service.worker.transfers.paths import climbed, follow, parse, spell


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", ()),
        ("~", ()),
        (".", ()),
        ("~/", ()),
        ("a", ("a",)),
        ("~/a/b", ("a", "b")),
        ("/a//b/", ("a", "b")),
        ("./a/./b", ("a", "b")),
        ("a/../b", ("a", "..", "b")),
        ("/a/b/../../c", ("a", "b", "..", "..", "c")),
        ("~/..a/...", ("..a", "...")),
        ("./~", ("~",)),
        ("a/~b", ("a", "~b")),
        (" a\n", (" a\n",)),
        ("a\\..\\b", ("a\\..\\b",)),
    ],
)
def test_a_path_is_its_names_below_the_root(text, path):
    assert parse(text) == path


@pytest.mark.parametrize("text", ["..", "/..", "~/..", "a/../..", "/a/../../a", "~root", "~root/a", "~~", "./.."])
def test_a_path_above_the_root_is_refused(text):
    with pytest.raises(PathOutsideSite):
        parse(text)


@pytest.mark.parametrize("text", ["", "\0", "a\0b", "\udcff"])
def test_what_no_file_is_called_is_refused(text):
    with pytest.raises(TransferError, match="is not a path"):
        parse(text)


@pytest.mark.parametrize(
    ("path", "like", "text"),
    [((), "/x", "/"), ((), "x", "~"), (("a", "b"), "/", "/a/b"), (("a", "b"), "~/x", "~/a/b"), (("a",), "x", "~/a")],
)
def test_a_path_is_written_like_another_one(path, like, text):
    assert spell(path, like) == text


@given(st.text(alphabet="./~ab", max_size=20), st.sampled_from(["/", "~/x", "x"]))
def test_a_path_that_is_written_can_be_read_again(text, like):
    try:
        path = parse(text)
    except TransferError:
        return
    assert all(name not in {"", "."} for name in path)
    assert parse(spell(path, like)) == path
    assert ".." not in climbed(path)


@given(st.text(alphabet="./~ab\uefe9", max_size=20))
def test_the_service_writes_a_path_as_its_worker_does(text):
    try:
        path = parse(text)
    except TransferError:
        return
    assert normal(text) == spell(path, text)
    assert normal(normal(text)) == normal(text)


@given(st.binary(max_size=20) | st.text(alphabet="a\uee80\uefe9\ueff0\ud7ff", max_size=9).map(str.encode))
def test_every_name_can_be_written_as_text_that_json_and_bson_take(name):
    text = text_of(name)
    assert bytes_of(text) == name
    assert orjson.loads(orjson.dumps(text)) == BSON.encode({"a": text}).decode()["a"] == text
    try:
        plain = name.decode()
    except UnicodeDecodeError:
        return
    assert text == plain or any("\uef80" <= character <= "\uefff" for character in plain)


@given(st.lists(st.binary(max_size=6), unique=True))
def test_two_names_are_never_one_text(names):
    assert len({text_of(name) for name in names}) == len(names)


def resolve(links, path, root="/srv/root"):
    return follow(path, root, lambda at: links.get("/".join(at)))


@pytest.mark.parametrize(
    ("links", "path", "real"),
    [
        ({}, "a/b", "a/b"),
        ({"a": "b"}, "a/c", "b/c"),
        ({"a": "b", "b": "c/d"}, "a/e", "c/d/e"),
        ({"a/b": "../c"}, "a/b/d", "c/d"),
        ({"a": "/srv/root/b"}, "a/c", "b/c"),
        ({"a": "/srv/root"}, "a/c", "c"),
        ({"a": "/srv/root/b/../c"}, "a", "c"),
        ({"a": "."}, "a/a/b", "b"),
        ({"a/b": "../../srv"}, "c", "c"),
    ],
)
def test_links_that_stay_inside_are_replaced_by_where_they_lead(links, path, real):
    assert "/".join(resolve(links, tuple(path.split("/")))) == real


@pytest.mark.parametrize(
    "target",
    ["..", "/", "/srv", "/srv/root2", "/srv/roo", "/etc", "../root", "/srv/root/..", "b/../..", "/srv/x/../root"],
)
def test_links_that_leave_are_refused(target):
    with pytest.raises(PathOutsideSite, match="A symbolic link in '/a/b' leads out"):
        resolve({"a": target}, ("a", "b"))


def test_where_the_root_is_that_of_the_machine_every_target_is_inside():
    assert resolve({"a": "/etc"}, ("a", "b"), root="/") == ("etc", "b")


def test_links_in_a_circle_come_to_an_end():
    with pytest.raises(TransferError, match="more than 40 symbolic links"):
        resolve({"a": "b", "b": "a"}, ("a",))


NAMES = st.sampled_from(["a", "b", "c"])
TARGETS = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=5).map("/".join)


@given(
    st.dictionaries(
        st.lists(NAMES, min_size=1, max_size=3).map("/".join),
        st.sampled_from(["", "/srv/root/"]).flatmap(lambda start: TARGETS.map(lambda target: start + target)),
    ),
    st.lists(NAMES, max_size=4).map(tuple),
)
@example({"a": "../.."}, ("a",))
def test_whatever_the_links_the_end_is_below_the_root_or_an_error(links, path):
    try:
        real = resolve(links, path)
    except TransferError:
        return
    assert all(name in {"a", "b", "c"} for name in real)
    assert all("/".join(real[:end]) not in links for end in range(1, len(real) + 1))
