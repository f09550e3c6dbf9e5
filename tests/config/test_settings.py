"""Settings: defaults, then the toml file, then the environment; a mistake stops the start with one helpful line."""

import dataclasses
from pathlib import Path

import pytest

from config import settings
from config.settings import Settings, SettingsError, load, to_environ


def toml(folder: Path, text: str) -> Path:
    path = folder / "flashwire.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_environment_gives_the_defaults() -> None:
    defaults = Settings()
    loaded = load({})
    assert dataclasses.replace(loaded, newsroom=defaults.newsroom) == defaults


def test_the_toml_file_beats_defaults_and_the_environment_beats_the_toml_file(tmp_path: Path) -> None:
    path = toml(tmp_path, '[settings]\napi_port = 9000\ngateway_port = 9001\norigins = ["https://news.example"]\n')
    loaded = load({"FLASHWIRE_GATEWAY_PORT": "9002"}, path)
    assert (loaded.api_port, loaded.gateway_port, loaded.origins) == (9000, 9002, ("https://news.example",))


def test_flashwire_config_names_another_toml_file(tmp_path: Path) -> None:
    path = toml(tmp_path, "[settings]\nhistory_days = 7\n")
    assert load({"FLASHWIRE_CONFIG": str(path)}).history_days == 7


def test_client_settings_and_foreign_variables_are_left_alone() -> None:
    load({"FLASHWIRE_URL": "anything", "FLASHWIRE_KEY": "anything", "PATH": "/bin", "FLASH": "1"})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("api_port", "65535", 65535),
        ("stall_s", "0.5", 0.5),
        ("stall_s", "3", 3.0),
        ("data_dir", "/srv/wire", Path("/srv/wire")),
        ("redis_url", "redis+sentinel://h1,h2,h3/name", "redis+sentinel://h1,h2,h3/name"),
        ("redis_url", "unix:///run/store.sock", "unix:///run/store.sock"),
        ("redis_url", "", None),
        ("processes", "", None),
        ("processes", "4", 4),
        ("origins", "https://a.example, http://localhost:3000", ("https://a.example", "http://localhost:3000")),
        ("origins", "", ()),
        ("trusted_proxies", "10.0.0.0/8,::1", ("10.0.0.0/8", "::1")),
        ("allow_http_links", "no", False),
        ("durability", "replica", "replica"),
    ],
)
def test_each_kind_of_value_is_read_from_the_environment(name: str, text: str, expected: object) -> None:
    assert getattr(load({f"FLASHWIRE_{name.upper()}": text}), name) == expected


@pytest.mark.parametrize(
    ("key", "text", "allowed"),
    [
        ("FLASHWIRE_API_PORT", "0", "a whole number from 1 to 65535"),
        ("FLASHWIRE_API_PORT", "80.5", "a whole number from 1 to 65535"),
        ("FLASHWIRE_API_PORT", "", "a whole number from 1 to 65535"),
        ("FLASHWIRE_STALL_S", "nan", "a number from"),
        ("FLASHWIRE_STALL_S", "inf", "a number from"),
        ("FLASHWIRE_STALL_S", "-1", "a number from"),
        ("FLASHWIRE_AUTH_CACHE_S", "2.5", "from 0 to 2"),
        ("FLASHWIRE_DURABILITY", "yes", "fsync, replica or relaxed"),
        ("FLASHWIRE_LOG_LEVEL", "INFO", "debug, info, warning or error"),
        ("FLASHWIRE_REDIS_URL", "http://store", "redis://, rediss://"),
        ("FLASHWIRE_REDIS_URL", "store:6379", "redis://, rediss://"),
        ("FLASHWIRE_PUBLIC_URL", "news.example", "http://, https://"),
        ("FLASHWIRE_ORIGINS", "news.example", "origins such as"),
        ("FLASHWIRE_ORIGINS", "https://news.example/page", "origins such as"),
        ("FLASHWIRE_ORIGINS", "https://news.example:99999", "origins such as"),
        ("FLASHWIRE_TRUSTED_PROXIES", "proxy.example", "addresses or networks"),
        ("FLASHWIRE_HOSTS", "https://news.example", "host names such as"),
        ("FLASHWIRE_ALLOW_HTTP_LINKS", "maybe", "true or false"),
        ("FLASHWIRE_HOST", " ", "text and not empty"),
    ],
)
def test_a_wrong_value_is_one_line_with_key_value_and_what_is_allowed(key: str, text: str, allowed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({key: text})
    line = str(caught.value)
    assert line.startswith(f"{key}=")
    assert text in line
    assert allowed in line
    assert "\n" not in line


def test_an_unknown_variable_is_an_error_that_names_the_likely_one() -> None:
    with pytest.raises(SettingsError, match=r"FLASHWIRE_GATEWAY_PROT='1': no such .*mean FLASHWIRE_GATEWAY_PORT"):
        load({"FLASHWIRE_GATEWAY_PROT": "1"})
    with pytest.raises(SettingsError, match="FLASHWIRE_NEWSROOM"):
        load({"FLASHWIRE_NEWSROOM": "x"})


def test_a_password_in_a_wrong_url_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"FLASHWIRE_REDIS_URL": "rdis://user:open-sesame@store:6379"})
    assert "open-sesame" not in str(caught.value)
    assert "store:6379" in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"FLASHWIRE_GATEWAY_PORT": "8000"}, "FLASHWIRE_GATEWAY_PORT=8000: must differ from FLASHWIRE_API_PORT"),
        ({"FLASHWIRE_ADMIN_PORT": "8002"}, "must differ from"),
        ({"FLASHWIRE_STALE_AFTER_S": "1"}, "must be longer than FLASHWIRE_TAIL_BLOCK_MS=1000"),
        ({"FLASHWIRE_DRAIN_ABORT_S": "5"}, "must be at least FLASHWIRE_DRAIN_S=10.0"),
    ],
)
def test_values_that_contradict_each_other_are_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(environ)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[settings]\nno_such = 1\n", r"\[settings\] no_such: no such setting"),
        ("[settings]\napi_port = true\n", r"\[settings\] api_port=True: must be a whole number"),
        ("[settings]\napi_port = 80.0\n", "must be a whole number"),
        ("[settings]\norigins = 1\n", "must be a list"),
        ("[settings]\nhost = 1\n", "must be text"),
        ("[setings]\n", r"\[setings\]: no such table"),
        ("settings = 1\n", "must be a table"),
        ("[settings\n", "not a TOML file"),
    ],
)
def test_a_mistake_in_the_toml_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load({}, toml(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_toml_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load({"FLASHWIRE_CONFIG": str(tmp_path / "none.toml")})


def test_the_tail_follows_the_store_unless_it_has_an_address_of_its_own() -> None:
    assert load({"FLASHWIRE_REDIS_URL": "redis://a"}).tail_url == "redis://a"
    assert load({"FLASHWIRE_REDIS_URL": "redis://a", "FLASHWIRE_TAIL_URL": "redis://b"}).tail_url == "redis://b"


def test_http_links_follow_the_environment_unless_set() -> None:
    assert load({}).allow_http_links
    assert not load({"FLASHWIRE_ENVIRONMENT": "production"}).allow_http_links
    assert load({"FLASHWIRE_ENVIRONMENT": "production", "FLASHWIRE_ALLOW_HTTP_LINKS": "yes"}).allow_http_links


def test_settings_survive_the_way_to_a_child_process() -> None:
    loaded = load(
        {
            "FLASHWIRE_PROCESSES": "3",
            "FLASHWIRE_ORIGINS": "https://a.example,https://b.example",
            "FLASHWIRE_REDIS_URL": "unix:///run/a b.sock",
            "FLASHWIRE_ENVIRONMENT": "production",
            "FLASHWIRE_STALL_S": "0.25",
        }
    )
    assert load(to_environ(loaded)) == loaded


def test_settings_cannot_be_changed_afterwards() -> None:
    loaded = load({})
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.api_port = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        loaded.newsroom["outlet"] = "x"  # type: ignore[index]


def test_every_default_lies_within_what_is_allowed() -> None:
    assert load(to_environ(load({}))) == load({})


def test_every_setting_is_documented_or_says_it_with_its_name() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    for field in dataclasses.fields(Settings):
        assert f"    {field.name}: " in source
