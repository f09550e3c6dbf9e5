"""Words without their endings, as far as that is safe: what only grammar changes counts as the same word.

The rule to remember: a stem is for comparing, not for reading, and cuts too little rather than too much. What is
irregular stands in the language's lexicon.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

# Longest first. What is left must have three letters.
_ES_ENDINGS = (
    *("aciones", "iciones", "amiento", "imiento", "uciones", "acion", "icion", "ucion", "iendo", "ieron", "ando"),
    *("aron", "aran", "eran", "iran", "adas", "ados", "idas", "idos", "ada", "ado", "ida", "ido", "ara", "era", "ira"),
    *("aba", "ian", "an", "en", "ar", "er", "ir", "io", "ia", "es", "as", "os", "a", "e", "i", "o", "s"),
)
_AR_PREFIXES = ("وبال", "وكال", "وال", "بال", "كال", "فال", "ولل", "لل", "ال")
_AR_ENDINGS = ("هما", "يات", "تان", "تين", "ات", "ون", "ين", "ان", "يه", "يا", "ها", "هم", "وا", "ه", "ي", "ت", "ا")
_LETTERS_MIN = 3
STEMS_KEPT = 8192
"""Of each language: a headline is read while its editor waits, and asks for each of its words several times."""


@lru_cache(STEMS_KEPT)
def english(word: str) -> str:
    """Plurals, tenses and possessives."""
    if len(word) <= _LETTERS_MIN:
        return word
    word = _english_plural(word)
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= _LETTERS_MIN:
            word = word.removesuffix(ending)
            if word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > _LETTERS_MIN else word


def _english_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache(STEMS_KEPT)
def spanish(word: str) -> str:
    """Plurals, genders and the common endings of verbs."""
    for ending in _ES_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LETTERS_MIN:
            return word.removesuffix(ending)
    return word


@lru_cache(STEMS_KEPT)
def arabic(word: str) -> str:
    """Article and what is written together with it, endings of number and gender, the prefix of a verb.

    "and", "by", "to" and "so" alone stay: many words begin with these letters themselves.
    """
    for prefix in _AR_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= _LETTERS_MIN:
            word = word.removeprefix(prefix)
            break
    for ending in _AR_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LETTERS_MIN:
            word = word.removesuffix(ending)
            break
    if len(word) > _LETTERS_MIN and word[0] in "يت":
        word = word[1:]
    return word


STEMS: Mapping[str, Callable[[str], str]] = {"en": english, "es": spanish, "ar": arabic}


_KIN_MIN = 5
"""So many letters two words of one family have in common, before their endings."""
_DERIVED = frozenset({
    "", "acion", "ado", "ador", "al", "an", "ance", "ant", "ante", "ar", "ation", "cion", "dad", "e", "ed", "en",
    "ence", "er", "ero", "ers", "ese", "eza", "ian", "idad", "ing", "ino", "ion", "ish", "ist", "ista", "ity",
    "ive", "iza", "ly", "ment", "mente", "miento", "n", "nte", "o", "or", "r", "ra", "s", "y",
})  # fmt: skip
"""What may stand behind it, in English and Spanish."""
_WEAK = str.maketrans("", "", "اويت")
_ROOT_MIN = 3


def are_kin(one: str, other: str) -> bool:
    """Whether two words that no lexicon has are likely of one family: "ration" and "rationing", "تدمير" and "يدمر"."""
    if "\u0600" < one[0] < "\u0700":
        root = _root(one)
        return len(root) >= _ROOT_MIN and root == _root(other)
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same >= _KIN_MIN and one[same:] in _DERIVED and other[same:] in _DERIVED


def _root(word: str) -> str:
    """The strong letters of an Arabic word, as far as they can be told from those of its pattern."""
    return (word[1:] if word[0] in "يتم" else word).translate(_WEAK)
