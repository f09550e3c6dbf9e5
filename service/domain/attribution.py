"""Who said it: the words before the colon, rendered from an edition's templates or read out of a pasted line.

The rule to remember: a wrong attribution is worse than none. `parse` takes a line apart only where its form leaves no
doubt (the vocabularies list the forms), and puts nothing in. Before a colon it leaves nothing out either: the
attribution's text, a colon, a space and the headline are the line again. From elsewhere only the signs and small words
go that tie the source to the news ("according to").
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import get_args

import regex  # type: ignore[import-untyped]

from service.domain.alert import Attribution, AttributionKind
from service.domain.characters import is_mark
from service.domain.vocabulary import DASH, Vocabulary, Where
from service.domain.vocabulary_ar import ARABIC
from service.domain.vocabulary_en import ENGLISH
from service.domain.vocabulary_es import SPANISH

SEPARATOR = ": "
# What is longer is no name of a source; it also bounds the time a pattern may take.
ATTRIBUTION_CHARS_MAX = 120

VOCABULARIES: Mapping[str, Vocabulary] = {"en": ENGLISH, "ar": ARABIC, "es": SPANISH}

# The templates of each kind, the fullest first: the first for which every word is known is rendered.
_TEMPLATES: Mapping[AttributionKind, tuple[str, ...]] = {
    "correspondent": ("correspondent", "correspondent_no_place"),
    "official": ("official", "official_no_role"),
    "agency": ("agency",),
    "sources": ("sources_via", "sources"),
    "media": ("media",),
    "document": ("document",),
}
# What parts the news from a source behind it.
_SIGN = regex.compile(f", |، |: |{DASH}")
_Compiled = tuple[AttributionKind, "regex.Pattern[str]"]
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def render(attribution: Attribution, templates: Mapping[str, str], outlet: str) -> str:
    """The text of `attribution` in an edition's `templates`; "" for none, and where no template can be filled.

    A text that was given is taken as given. `outlet` is the newsroom's own name, for its correspondents.
    """
    if attribution.kind == "none":
        return ""
    if attribution.text:
        return attribution.text
    known = _known(attribution, outlet)
    for name in _TEMPLATES[attribution.kind]:
        template = templates.get(name, "")
        if template and all(field in known for field in _PLACEHOLDER.findall(template)):
            return _PLACEHOLDER.sub(lambda field: known[field[1]], template)
    return ""


def lacking(attribution: Attribution, templates: Mapping[str, str], outlet: str) -> str:
    """What an attribution that `render` made nothing of still needs, for the person who typed it: the fields that its
    least demanding template lacks, or that the edition has no template of its kind.
    """
    given = {**_known(attribution, outlet), "role": attribution.role, "speaker": attribution.speaker}
    offered = [template for name in _TEMPLATES.get(attribution.kind, ()) if (template := templates.get(name))]
    if not offered:
        return "has no template in this edition"
    missing = [[field for field in _PLACEHOLDER.findall(template) if not given.get(field)] for template in offered]
    least = min(missing, key=len)
    # an office alone stands in the speaker's place, so that a template of its own role lacks the speaker
    fields = " and ".join(dict.fromkeys(least)) or "speaker"
    either = fields == "speaker" and attribution.kind == "official" and not attribution.role
    return f"lacks {'speaker or role' if either else fields}"


def _known(attribution: Attribution, outlet: str) -> dict[str, str]:
    """What templates may be filled with. The outlet stands in only for its own people, never for another source."""
    fields = ("outlet", "place", "speaker", "role", "addressee", "via")
    known = {field: value for field in fields if (value := getattr(attribution, field))}
    if attribution.kind == "correspondent":
        known.setdefault("outlet", outlet)
    if attribution.kind == "official" and "speaker" not in known and "role" in known:
        # An office speaks for itself.
        known["speaker"] = known.pop("role")
    return known


def parse(text: str, language: str, outlets: tuple[str, ...] = ()) -> tuple[Attribution, str] | None:
    """The attribution and the headline of a pasted line, or None where it is not certain that it has one.

    `text` is a cleaned line; `language` is an edition's ("en", "ar-LB"); `outlets` are names of outlets to be known
    besides those of the vocabulary, such as the newsroom's own.
    """
    code = language.partition("-")[0].lower()
    if code not in VOCABULARIES:
        return None
    forms = _forms(code, outlets)
    vocabulary = VOCABULARIES[code]
    return (
        _before_colon(text, forms["colon"], vocabulary)
        or _opening(text, forms["opening"], vocabulary)
        or _at_end(text, forms["end"], vocabulary)
    )


def prepare(language: str, outlets: tuple[str, ...] = ()) -> None:
    """Compile now what `parse` would compile at its first line (some 100 ms): for a start, not for a request."""
    parse(f"?{SEPARATOR}? ?", language, outlets)


def _before_colon(line: str, forms: Iterable[_Compiled], vocabulary: Vocabulary) -> tuple[Attribution, str] | None:
    """ "Medical sources: storm closes the bridge"."""
    before, separator, headline = line.partition(SEPARATOR)
    if not separator or len(before) > ATTRIBUTION_CHARS_MAX or not _is_headline(headline):
        return None
    spelled = before.translate(vocabulary.same_letters)
    for kind, pattern in forms:
        found = pattern.fullmatch(spelled)
        if found:
            said = _is_told(headline) and (kind != "official" or _is_said(headline, vocabulary))
            return (_attribution(kind, found, before, before, vocabulary), headline) if said else None
    return None


def _opening(line: str, forms: Iterable[_Compiled], vocabulary: Vocabulary) -> tuple[Attribution, str] | None:
    """ "PORT VALE (Example Wire) — Storm closes the bridge"."""
    spelled = line[:ATTRIBUTION_CHARS_MAX].translate(vocabulary.same_letters)
    for kind, pattern in forms:
        found = pattern.match(spelled)
        if found:
            headline = line[found.end() :]
            certain = _is_headline(headline) and _is_told(headline)
            return (_attribution(kind, found, line, _name(line, found), vocabulary), headline) if certain else None
    return None


def _at_end(line: str, forms: Iterable[_Compiled], vocabulary: Vocabulary) -> tuple[Attribution, str] | None:
    """ "Storm closes the bridge, sources tell Example Wire". Looked at is what stands behind the last sign."""
    signs = [found.start() for found in _SIGN.finditer(line, max(0, len(line) - ATTRIBUTION_CHARS_MAX))]
    if not signs:
        return None
    headline, tail = line[: signs[-1]], line[signs[-1] :]
    if not _is_headline(headline) or not _is_told(headline) or headline != headline.strip():
        return None
    spelled = tail.translate(vocabulary.same_letters)
    for kind, pattern in forms:
        found = pattern.fullmatch(spelled)
        if found:
            return _attribution(kind, found, tail, _name(tail, found), vocabulary), headline
    return None


def _name(line: str, found: "regex.Match[str]") -> str:
    """The source by itself, as it would begin a line."""
    start, end = found.span("said")
    return line[start].upper() + line[start + 1 : end]


def _attribution(
    kind: AttributionKind, found: "regex.Match[str]", line: str, text: str, vocabulary: Vocabulary
) -> Attribution:
    spans = {field: found.span(field) for field in found.groupdict() if field != "said" and found[field]}
    fields = {field: vocabulary.called(line[start:end]) for field, (start, end) in spans.items()}
    return Attribution(kind=kind, text=text, **fields)


@lru_cache(maxsize=64)
def _forms(code: str, outlets: tuple[str, ...]) -> Mapping[Where, tuple[_Compiled, ...]]:
    vocabulary = VOCABULARIES[code]
    found: dict[Where, list[_Compiled]] = {where: [] for where in get_args(Where)}
    for form in vocabulary.forms((*filter(None, outlets), *vocabulary.outlets)):
        # Patterns are spelled by the same rule as the line; their own signs are none of those letters.
        found[form.where].append((form.kind, regex.compile(form.pattern.translate(vocabulary.same_letters))))
    return {where: tuple(compiled) for where, compiled in found.items()}


def _is_headline(headline: str) -> bool:
    """Whether `headline` can stand alone: it begins with something of its own and has at least two words."""
    words = headline.split()
    return len(words) > 1 and not headline[0].isspace() and not is_mark(headline[0])


def _is_told(headline: str) -> bool:
    """Whether `headline` is news and not a question about somebody."""
    return not headline.endswith(("?", "؟"))


def _is_said(headline: str, vocabulary: Vocabulary) -> bool:
    """Whether `headline` can be what a person said, not a title about them."""
    first = headline.split()[0].strip("¿¡\"'“”‘’«».,").lower().translate(vocabulary.same_letters)
    return first not in vocabulary.not_said
