"""Texts that somebody would send to break a reader's page, and whether they are to be kept or refused.

The rule to remember: what is refused is made of something that the contract (§2) names. Everything else is kept as it
is, however it looks, and it is the pages' business to show it as words.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

KEPT, REFUSED = "kept", "refused"


@dataclass(frozen=True)
class Text:
    """A headline; `what` names its kind for a person."""

    what: str
    wanted: str
    value: str


MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</title><script>1</script>",
    "<!--",
    "]]>",
    "<![CDATA[",
    "&lt;script&gt;",
    "&#x3C;b&#x3E;",
    "</flash-ticker><iframe src=//x>",
    "<a href=javascript:x>",
    "' onmouseover='x",
    "{{7*7}}",
    "${7*7}",
    "<%= 7 %>",
    "%3Cscript%3E",
    "\\u003cscript\\u003e",
    "<style>*{display:none}",
    "<base href=//x>",
    "<meta http-equiv=refresh content=0>",
    "data:text/html,<b>",
    "<?xml version='1.0'?>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///'>]>",
    "&y;",
    "<plaintext>",
    "<noscript><p title='</noscript><img>'>",
)
STRANGE = (
    "'; DROP TABLE alerts; --",
    "FLUSHALL",
    "\\r\\nSet-Cookie: a=b",
    "../../etc/hosts",
    '{"a":1}',
    "null",
    "NaN",
    "1e999",
    "data: x",
    "event: kill",
    "id: 9:9",
    "retry: 0",
    "مرحبا <b>",
    "\u200e(a)\u200f",
    "\u2066left\u2069",
    "\u2067right\u2069",
    "e\u0301" * 8,
    "👩\u200d🚀",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "ﷺ",
    "𝕳𝖊",
    "Ω≈ç√",
    "日本語の見出し",
    "ZWNJ a\u200cb",
    "\u061cALM",
    "x" * 280,
    "é" * 280,
    "0",
    "-",
    ":",
    "::",
    ": :",
    "—",
)
FORBIDDEN = (
    *(chr(code) for code in (0, 1, 7, 8, 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0x7F, 0x80, 0x9B, 0x9F)),
    *(chr(code) for code in range(0x202A, 0x202F)),
    "\u2066",
    "\u2069\u2069",
    "\u2068",
    "\u206a",
    "\u206f",
    "\ufff9",
    "\ue000",
    "\U000f0000",
    "\ufffe",
    "\uffff",
    "\ufdd0",
    "\U0001ffff",
    "\ud800",
    "\udfff",
    "\U000e0041",
    "\U000e0001",
    "a" + "\u0301" * 12,
    "a" + "\u0489" * 20,
)
"""One of each kind that the contract refuses: controls, embeddings and overrides, lone isolates, other invisible ones,
private use, noncharacters, surrogates, stray tags, piles of marks."""
TOO_MUCH = ("y" * 281, "", " ", "\t\n", "\u200b", "\ufeff\u2060", "👩\u200d🚀" * 281)
"""Too long, or nothing at all."""


def texts(chance: random.Random, count: int) -> Iterator[Text]:
    """Every one of them, and then others that have one inside, until there are `count`."""
    fixed = [
        *(Text("markup", KEPT, f"Ferry {text} sails") for text in MARKUP),
        *(Text("strange", KEPT, text) for text in STRANGE),
        *(Text(f"forbidden {text[0]!a}", REFUSED, f"Ferry {text} sails") for text in FORBIDDEN),
        *(Text("too much or nothing", REFUSED, text) for text in TOO_MUCH),
    ]
    yield from fixed
    for number in range(count - len(fixed)):
        words = [f"Tide {number}", *chance.sample(MARKUP, 2)]
        refused = chance.random() < 0.4
        if refused:
            words.append(chance.choice(FORBIDDEN))
        chance.shuffle(words)
        yield Text("mixed", REFUSED if refused else KEPT, " ".join(words) + " ends")
