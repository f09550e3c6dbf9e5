"""Which Unicode characters a line of news may hold (contract §2 "Text"), as tables.

The rule to remember: what a reader cannot see must be able to do no more than join letters or set a direction that ends
where it began. Sources: the Unicode Character Database (general categories, Default_Ignorable_Code_Point), UAX #9 for
the bidi controls, UTS #51 for flag sequences.
"""

import re
import unicodedata

# Line ends and tabs. VT, FF and NEL are not here: in a pasted headline they are debris (0x85 is the ellipsis of a page
# decoded with the wrong table), and the editor should see that rather than find a space.
BREAKS = frozenset("\t\n\r\u2028\u2029")

# Invisible, harmless, and brought along by copy and paste: dropped, and the editor is told.
DROPPED = {
    "\u00ad": "soft hyphen",
    "\u200b": "zero-width space",
    "\u2060": "word joiner",
    "\ufeff": "byte order mark",
}

# ZWNJ and ZWJ: Persian and Indic spelling and emoji families need them.
JOINERS = frozenset("\u200c\u200d")
# LRM, RLM, ALM: an invisible letter of a direction, without reach beyond its place.
DIRECTION_MARKS = frozenset("\u200e\u200f\u061c")
# LRI, RLI, FSI open an isolate, PDI closes it (UAX #9, 2.4): allowed in pairs only.
ISOLATE_OPENERS = frozenset("\u2066\u2067\u2068")
ISOLATE_CLOSER = "\u2069"

# Let through, and drawn as nothing: they neither are letters nor end the pile of marks on one.
UNSEEN = DIRECTION_MARKS | ISOLATE_OPENERS | {ISOLATE_CLOSER}

# Flags of regions: a black flag, the region's code in tag characters, the cancel tag (UTS #51, ED-14a). The code is
# CLDR's: two letters of the country and one to four letters or digits of the region.
FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,4}\U000e007f")

_KEPT_FORMAT = JOINERS | UNSEEN

# Of category Cf, but drawn: they stand over or before the digits that follow (Prepended_Concatenation_Mark).
_VISIBLE_FORMAT = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd",
)

# Drawn as nothing without being of category Cf: grapheme joiner, Hangul fillers, Khmer inherent vowels.
INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")

_BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e")


def is_tag(char: str) -> bool:
    """Whether `char` is one of the tag characters (U+E0020–E007F) that may spell a flag."""
    return 0xE0020 <= ord(char) <= 0xE007F


def is_mark(char: str) -> bool:
    """Whether `char` is a combining mark (general category Mn, Mc or Me)."""
    return unicodedata.category(char)[0] == "M"


def name_of(char: str) -> str:
    """`char` as a standard would cite it, "U+202E": at least four hexadecimal digits."""
    return f"U+{ord(char):04X}"


def refusal(char: str) -> str | None:
    """Why `char` may never stand in a line, in words for an editor; None where it may, wherever it stands.

    Tag characters and isolates pass here: whether they are in place depends on their neighbours.
    """
    code = ord(char)
    if char in BREAKS or char in DROPPED or char in _KEPT_FORMAT or is_tag(char):
        return None
    if char in _BIDI_OVERRIDES:
        return "a bidirectional embedding or override, which can make a line read as another one"
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "a noncharacter"
    if _is_invisible(char):
        return "an invisible character"
    return _REFUSED_CATEGORIES.get(unicodedata.category(char))


_REFUSED_CATEGORIES = {
    "Cc": "a control character",
    "Co": "a private-use character, which every device draws differently",
    "Cs": "half of a surrogate pair",
}


def _is_invisible(char: str) -> bool:
    if char in INVISIBLE_LETTERS:
        return True
    if unicodedata.category(char) == "Cf":
        return char not in _VISIBLE_FORMAT
    return unicodedata.category(char) == "Cn" and _is_reserved_invisible(ord(char))


def _is_reserved_invisible(code: int) -> bool:
    """Unassigned, and promised by Unicode to stay invisible: these are no emoji younger than our tables."""
    return code == 0x2065 or 0xFFF0 <= code <= 0xFFF8 or 0xE0000 <= code <= 0xE0FFF
