"""What an editor looks for: by state, by words in any spelling, and on from where a page ended."""

import msgspec
import pytest

from service.domain import moment, search
from service.domain.alert import Alert, Author, Record, State
from service.domain.search import Place, Wanted
from tests.entries import NOW_MS, alert

NOW = moment.to_text(NOW_MS)
ID = "A" * 26

# a headline, a question, and whether it is found
FOUND: list[tuple[str, str, bool]] = [
    ("Snow closes the northern pass", "", True),
    ("Snow closes the northern pass", "   ", True),
    ("Snow closes the northern pass", "snow", True),
    ("Snow closes the northern pass", "PASS northern", True),
    ("Snow closes the northern pass", "north", True),
    ("Snow closes the northern pass", "north pass", False),  # only the last word may be begun
    ("Snow closes the northern pass", "pass north", True),
    ("Snow closes the northern pass", "orthern", False),
    ("Snow closes the northern pass", "snow ferries", False),
    ("Málaga: 3.5 million travel", "malaga", True),
    ("Malaga: 3.5 million travel", "MÁLAGA mill", True),
    ("Málaga: 3.5 million travel", "3.5", True),
    ("إعصار يقترب من الساحل", "اعصار", True),
    ("العاصفة تُغلق الممر", "العاصفه تغلق", True),
    ("العاصفة تُغلق الممر", "الممرات", False),
    ("قطار ١٢ يصل", "قطار 12", True),
]


@pytest.mark.parametrize(("headline", "question", "found"), FOUND)
def test_all_words_of_a_question_stand_in_the_headline_the_last_perhaps_only_begun(
    headline: str, question: str, found: bool
) -> None:
    wanted = Wanted(("en",), frozenset(), search.asked_words(question))
    assert wanted.admits(Record(alert=alert(headline), state="published", author=Author("K", "n"), push=True), NOW) is (
        found
    )


@pytest.mark.parametrize("question", ["…", "-", "🙂 !", " ".join("abcdefghijklmnopqrstu")])
def test_a_question_without_words_or_with_too_many_is_refused(question: str) -> None:
    with pytest.raises(ValueError, match="word"):
        search.asked_words(question)


PAST: dict[str, object] = {"expires": NOW}
STATES: list[tuple[State, dict[str, object], State]] = [
    ("published", {}, "published"),
    ("published", PAST, "expired"),
    ("expired", PAST, "expired"),
    ("withheld", {"pub_status": "withheld"}, "withheld"),
    ("withheld", {"pub_status": "withheld", **PAST}, "expired"),
    ("canceled", {"pub_status": "canceled"}, "canceled"),
    ("canceled", {"pub_status": "canceled", **PAST}, "canceled"),
    ("undone", {"pub_status": "canceled", "signals": ("undone",)}, "undone"),
    ("undone", {"pub_status": "canceled", "signals": ("undone",), **PAST}, "undone"),
]


@pytest.mark.parametrize(("state", "changes", "now"), STATES)
def test_a_record_and_what_readers_see_of_it_are_in_the_same_state(
    state: State, changes: dict[str, object], now: State
) -> None:
    made: Alert = msgspec.structs.replace(alert(), **changes)
    record = Record(alert=made, state=state, author=Author("K", "n"), push=True)
    assert search.state_of(record, NOW) == search.state_shown(made, NOW) == now
    for wanted in (frozenset[State](), frozenset({now}), frozenset[State]({"draft"})):
        assert Wanted(("en",), wanted, ()).admits(record, NOW) is (wanted != {"draft"})


def test_what_waits_keeps_its_state_whatever_its_time_would_be() -> None:
    record = Record(alert=alert(expires=NOW), state="draft", author=Author("K", "n"), push=True)
    assert search.state_of(record, NOW) == "draft"


@pytest.mark.parametrize(
    "place",
    [Place({"en": "k3f9:118"}, (0, ID)), Place({"en": "k:7", "ar": "x:0"}, (NOW_MS, ID)), Place({}, (1, ID))],
)
def test_a_place_is_read_as_it_was_written(place: Place) -> None:
    assert search.read_place(search.write_place(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "1", "null", "\ud800", '{"wires":{"en":"k:1"}}', '{"pending":[1,"A"]}',
        *('{"wires":{"en":' + at + '},"pending":[1,"' + ID + '"]}' for at in ("118", '"118"', '"k:-1"', "null")),
        *('{"wires":{},"pending":' + at + "}" for at in ("null", "[1]", '[1,"x"]', f'[-1,"{ID}"]', f'[1e30,"{ID}"]')),
        '{"wires":{},"pending":[1,"' + ID + '"],"more":1}', '{"wires":{},"pending":[1,"' + ID + '"]',
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        search.read_place(text.encode("utf-8", "surrogatepass"))


def test_a_place_holds_for_its_editions_and_their_lives() -> None:
    place = Place({"en": "k3f9:118", "ar": "k:0"}, (1, ID))
    assert search.offset_in(place, "en", "k3f9") == 118
    assert search.offset_in(place, "ar", "k") == 0
    with pytest.raises(ValueError, match="another life"):
        search.offset_in(place, "en", "k3fa")
    with pytest.raises(ValueError, match="another question"):
        search.offset_in(place, "es", "k3f9")


@pytest.mark.parametrize(
    ("states", "pending", "is_public"),
    [
        (set(), {"draft", "scheduled", "awaiting-approval", "discarded"}, True),
        ({"draft", "discarded"}, {"draft", "discarded"}, False),
        ({"draft", "published"}, {"draft"}, True),
        ({"expired"}, set(), True),
    ],
)
def test_a_question_knows_whether_it_is_about_what_waits_or_what_is_out(
    states: set[State], pending: set[State], is_public: bool
) -> None:
    wanted = Wanted(("en",), frozenset(states), ())
    assert (wanted.pending, wanted.is_public) == (frozenset(pending), is_public)
