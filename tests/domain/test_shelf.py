"""What may say the same is found on the shelf, and what is taken off it is not."""

import random

import pytest

from service.domain.likeness import compare
from service.domain.shelf import Shelf
from tests.likeness import LANGUAGES, gist, pairs

QUICK = ("other-number", "other-names", "other-place", "other-words")
"""What two lines are told apart by at the first looks."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_says_the_same_is_left_out_and_little_else_is_looked_at(language: str) -> None:
    lines = [line for pair in pairs(language) for line in (pair.one, pair.other)]
    gists = [gist(line, language) for line in lines]
    shelf = Shelf()
    for number, one in enumerate(gists):
        shelf.put(number, one)
    looked_at = 0
    for new in gists:
        found = dict(shelf.like(new))
        looked_at += len(found)
        for number, old in enumerate(gists):
            likeness = compare(new, old)
            assert number in found or likeness.reasons[0] in QUICK, (lines[number], likeness)
    assert looked_at < len(gists) ** 2 / 4


def test_the_newest_come_first_and_what_was_dropped_or_replaced_is_gone() -> None:
    chance = random.Random(5)
    lines = [f"Ferry {number} sails to {place}" for number in range(12) for place in ("Alder", "Birch", "Cedar")]
    gists = [gist(line, "en") for line in lines]
    shelf, model = Shelf(), dict[int, int]()
    for _ in range(600):
        number, which = chance.randrange(20), chance.randrange(len(gists))
        if chance.random() < 0.4:
            shelf.drop(number)
            model.pop(number, None)
        else:
            shelf.put(number, gists[which])
            model[number] = which
        asked = gists[chance.randrange(len(gists))]
        found = shelf.like(asked)
        assert [at for at, _ in found] == sorted((at for at, _ in found), reverse=True)
        assert all(gists[model[at]] is there for at, there in found)
        same = {at for at, which in model.items() if compare(asked, gists[which]).same}
        assert same <= {at for at, _ in found}


def test_an_emptied_shelf_keeps_nothing() -> None:
    shelf = Shelf()
    shelf.put(1, gist("Ferry 7 sails to Alder", "en"))
    shelf.drop(1)
    shelf.drop(1)
    assert shelf.like(gist("Ferry 7 sails to Alder", "en")) == []
    assert not any(vars(shelf).values()), "no word of it is left"
