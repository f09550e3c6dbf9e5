"""Words as a person compares them: without case, accents and vowel signs, in one form of each letter.

The rule to remember: folded text is for comparing and finding, never for showing. Whatever compares two texts folds
both here, so that what is found by one rule is found by all.
"""

import re
import unicodedata

_LETTERS = str.maketrans({
    # letters that a keyboard without them writes otherwise, and that Unicode does not take apart
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
    # Arabic and Persian: what is written either way (the hamza of a carrier is a mark, and falls with the marks)
    "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ة": "ه", "ۀ": "ه", "ہ": "ه", "ء": "", "ـ": "",
    # they only join or direct the letters beside them
    "\u200c": "", "\u200d": "", "\u200e": "", "\u200f": "", "\u061c": "",
    "\u2066": "", "\u2067": "", "\u2068": "", "\u2069": "",
    **{chr(zero + digit): str(digit) for zero in (0x0660, 0x06F0) for digit in range(10)},
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """`text` in the form in which it is compared; its spaces and signs stay."""
    if text.isascii():
        return text.lower()
    taken_apart = unicodedata.normalize("NFKD", text)
    bare = "".join(sign for sign in taken_apart if unicodedata.category(sign) != "Mn")
    return bare.casefold().translate(_LETTERS)


def words(text: str) -> tuple[str, ...]:
    """The folded words of `text` in their order: runs of letters and digits, whatever stands between them."""
    return tuple(_WORD.findall(fold(text)))
