"""Who said it: the words before the colon, rendered from an edition's templates or read out of a pasted line.

The rule to remember: a wrong attribution is worse than none. `parse` takes a line apart only where its form leaves no
doubt (the vocabularies list the forms), and puts nothing in and leaves nothing out: the attribution's text, a colon, a
space and the headline are the line again.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import regex  # type: ignore[import-untyped]

from service.domain.alert import Attribution, AttributionKind
from service.domain.characters import is_mark
from service.domain.vocabulary import Vocabulary
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
    before, separator, headline = text.partition(SEPARATOR)
    code = language.partition("-")[0].lower()
    if not separator or code not in VOCABULARIES or len(before) > ATTRIBUTION_CHARS_MAX or not _is_headline(headline):
        return None
    vocabulary = VOCABULARIES[code]
    for kind, pattern in _patterns(code, outlets):
        found = pattern.fullmatch(before.translate(vocabulary.same_letters))
        if found:
            if kind == "official" and not _is_said(headline, vocabulary):
                return None
            spans = {field: found.span(field) for field in found.groupdict() if found[field]}
            fields = {field: vocabulary.called(before[start:end]) for field, (start, end) in spans.items()}
            return Attribution(kind=kind, text=before, **fields), headline
    return None


def prepare(language: str, outlets: tuple[str, ...] = ()) -> None:
    """Compile now what `parse` would compile at its first line (up to 100 ms): for a start, not for a request."""
    parse(f"?{SEPARATOR}? ?", language, outlets)


@lru_cache(maxsize=64)
def _patterns(code: str, outlets: tuple[str, ...]) -> tuple[tuple[AttributionKind, "regex.Pattern[str]"], ...]:
    vocabulary = VOCABULARIES[code]
    # Patterns are spelled by the same rule as the line; their own signs are none of those letters.
    return tuple(
        (form.kind, regex.compile(form.pattern.translate(vocabulary.same_letters)))
        for form in vocabulary.forms((*filter(None, outlets), *vocabulary.outlets))
    )


def _is_headline(headline: str) -> bool:
    """Whether `headline` can stand alone: it begins with something of its own and has at least two words."""
    words = headline.split()
    return len(words) > 1 and not headline[0].isspace() and not is_mark(headline[0])


def _is_said(headline: str, vocabulary: Vocabulary) -> bool:
    """Whether `headline` can be what a person said, not a question or a title about them."""
    first = headline.split()[0].strip("¿¡\"'“”‘’«».,").lower().translate(vocabulary.same_letters)
    return not headline.rstrip().endswith(("?", "؟")) and first not in vocabulary.not_said
