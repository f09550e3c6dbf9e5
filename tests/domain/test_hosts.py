"""Under which names we may be asked: those listed, in any spelling, and whoever is inside."""

import pytest

from service.domain.hosts import is_taken, name_in

NAMES = frozenset({"news.example", "5.5.5.5"})


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("news.example", "news.example"), ("News.Example.:443", "news.example"), ("203.0.113.7:80", "203.0.113.7"),
        ("[2001:DB8::7]:443", "2001:db8::7"), ("", None), (".", None), ("news.example:", None), ("a, b", None),
        ("news.example/", None), ("user@news.example", None), ("n\u00e9ws.example", None), ("a" * 255, None),
    ],
)  # fmt: skip
def test_a_host_is_compared_without_its_port_and_in_small_letters(host: str, name: str | None) -> None:
    assert name_in(host) == name


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("news.example", True), ("NEWS.example:443", True), ("5.5.5.5", True),
        ("127.0.0.1:8000", True), ("localhost:8000", True), ("[::1]:8000", True), ("10.0.0.7", True),
        ("[fd00::7]", True),
        ("other.example", False), ("news.example.other.example", False), ("xnews.example", False),
        ("5.5.5.6", False), ("127.0.0.1.other.example", False), ("localhost.other.example", False),
        ("news.example, other.example", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_only_listed_names_and_addresses_inside_are_taken(host: str | None, taken: bool) -> None:
    assert is_taken(host, NAMES) is taken
    assert is_taken(host, frozenset())
