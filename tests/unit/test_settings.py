"""A wrong setting is refused by its name, before anything uses it, and no secret is shown."""

import pytest

from job_service.settings import Settings, SettingsError

URLS = [
    "nonsense",
    "http://127.0.0.1:27017",
    "mongodb://",
    "mongodb://name:hidden@",
    "mongodb://name:hid@den@127.0.0.1/jobdb",
    "mongodb://[hidden/jobdb",
    "mongodb://127.0.0.1:hidden/jobdb",
    "mongodb://127.0.0.1:99999/jobdb",
    "mongodb://one:27017,two:0/jobdb",
    "mongodb://name:hid/den@127.0.0.1/jobdb",
    "mongodb://127.0.0.1/job.db",
    "mongodb://127.0.0.1/job%20db",
]


@pytest.mark.parametrize("url", URLS)
def test_what_is_no_connection_string_is_refused_by_its_name_and_not_shown(url):
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({"MONGODB_URL": url})
    sentence = str(refusal.value)
    assert sentence.startswith("Wrong setting: MONGODB_URL: ")
    assert "hid" not in sentence
    assert "Value error" not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://127.0.0.1:27017/jobdb",
        "mongodb://name:pass%40word@one:27017,two:27018/jobdb?replicaSet=rs0",
        "mongodb+srv://cluster.example.org/jobdb",
        "mongodb://[::1]:27017,[fe80::1]/?replicaSet=rs0",
        "mongodb://%2Ftmp%2Fmongodb-27017.sock/jobdb",
    ],
)
def test_a_connection_string_is_kept_as_it_is(url):
    assert Settings.from_environment({"MONGODB_URL": url}).mongodb_url == url


@pytest.mark.parametrize("url", ["nonsense", "ftp://keys.example.org/jwks", "https://", "file:///etc/keys"])
def test_an_address_of_keys_that_is_none_is_refused_by_its_name(url):
    with pytest.raises(SettingsError, match=r"^Wrong setting: JWKS_URL: must be an http or https URL$"):
        Settings.from_environment({"JWKS_URL": url})


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({"MONGODB_URL": "nonsense", "BUMP_ENABLED": "perhaps"})
    assert all(name in str(refusal.value) for name in ("MONGODB_URL: ", "BUMP_ENABLED: must be true or false"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLIENT_TIMEOUT_SECONDS", "0.0000001"),
        ("CLIENT_TIMEOUT_SECONDS", "inf"),
        ("BACKOFF_MAX_SECONDS", "1e300"),
        ("BACKOFF_SECONDS", "nan"),
        ("LEGACY_LEASE_SECONDS", "99999999999999"),
    ],
)
def test_a_time_that_cannot_be_reckoned_with_is_refused(name, value):
    with pytest.raises(SettingsError, match=f"^Wrong setting: {name}: "):
        Settings.from_environment({name: value})
