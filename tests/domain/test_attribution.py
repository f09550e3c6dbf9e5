"""Attributions: rendered from templates, and read out of a pasted line only where there is no doubt."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.alert import Attribution, AttributionKind
from service.domain.attribution import ATTRIBUTION_CHARS_MAX, VOCABULARIES, lacking, parse, prepare, render
from service.domain.text import clean

TEMPLATES = {
    "correspondent": "{outlet} correspondent in {place}",
    "correspondent_no_place": "{outlet} correspondent",
    "official": "{role} {speaker}",
    "official_no_role": "{speaker}",
    "agency": "{outlet}",
    "sources": "Sources",
    "sources_via": "Sources to {via}",
    "media": "{outlet}",
    "document": "{speaker}",
}

# (language, what stands before the colon, kind, fields)
CERTAIN: list[tuple[str, str, AttributionKind, dict[str, str]]] = [
    ("en", "Example News correspondent in Oslo", "correspondent", {"outlet": "Example News", "place": "Oslo"}),
    ("en", "The Example News correspondent in Oslo", "correspondent", {"outlet": "Example News", "place": "Oslo"}),
    (
        "en",
        "Example News reporter in New York City",
        "correspondent",
        {"outlet": "Example News", "place": "New York City"},
    ),
    ("en", "BBC correspondent in the West Bank", "correspondent", {"outlet": "BBC", "place": "the West Bank"}),
    ("en", "BBC correspondent in Port of Spain", "correspondent", {"outlet": "BBC", "place": "Port of Spain"}),
    ("en", "BBC correspondent in al-Mukalla", "correspondent", {"outlet": "BBC", "place": "al-Mukalla"}),
    ("en", "Al Jazeera correspondent in São Paulo", "correspondent", {"outlet": "Al Jazeera", "place": "São Paulo"}),
    ("en", "Al Jazeera correspondent in St. John's", "correspondent", {"outlet": "Al Jazeera", "place": "St. John's"}),
    ("en", "BBC Middle East correspondent in Amman", "correspondent", {"outlet": "BBC", "place": "Amman"}),
    ("en", "Associated Press correspondent in Lima", "correspondent", {"outlet": "Associated Press", "place": "Lima"}),
    ("en", "Coastal Times transport correspondent", "correspondent", {"outlet": "Coastal Times"}),
    ("en", "Example News correspondent", "correspondent", {"outlet": "Example News"}),
    ("en", "Our correspondent in Oslo", "correspondent", {"place": "Oslo"}),
    ("en", "Our correspondent", "correspondent", {}),
    ("en", "Correspondent in Oslo", "correspondent", {"place": "Oslo"}),
    ("en", "Transport minister", "official", {"role": "Transport minister"}),
    ("en", "Norwegian transport minister", "official", {"role": "Norwegian transport minister"}),
    ("en", "Norwegian president", "official", {"role": "Norwegian president"}),
    ("en", "Prime minister Jane Doe", "official", {"role": "Prime minister", "speaker": "Jane Doe"}),
    ("en", "Prime minister Jane van Doe", "official", {"role": "Prime minister", "speaker": "Jane van Doe"}),
    ("en", "Jane Doe, transport minister", "official", {"role": "transport minister", "speaker": "Jane Doe"}),
    ("en", "Jane Doe, mayor of New York", "official", {"role": "mayor of New York", "speaker": "Jane Doe"}),
    ("en", "Police spokesperson to Reuters", "official", {"role": "Police spokesperson", "addressee": "Reuters"}),
    ("en", "UN spokesperson", "official", {"role": "UN spokesperson"}),
    ("en", "Sources to Reuters", "sources", {"via": "Reuters"}),
    ("en", "Sources to Coastal Radio", "sources", {"via": "Coastal Radio"}),
    ("en", "Medical sources to the Guardian", "sources", {"speaker": "Medical sources", "via": "the Guardian"}),
    ("en", "Security sources", "sources", {"speaker": "Security sources"}),
    ("en", "AFP, citing police sources", "sources", {"via": "AFP"}),
    ("en", "Xinhua news agency", "agency", {"outlet": "Xinhua"}),
    ("es", "Corresponsal de Example News en Lima", "correspondent", {"outlet": "Example News", "place": "Lima"}),
    ("es", "El corresponsal de EFE en La Paz", "correspondent", {"outlet": "EFE", "place": "La Paz"}),
    ("es", "La corresponsal de El País en Quito", "correspondent", {"outlet": "El País", "place": "Quito"}),
    (
        "es",
        "Corresponsal del Diario de la Costa en la Ciudad de México",
        "correspondent",
        {"outlet": "Diario de la Costa", "place": "la Ciudad de México"},
    ),
    ("es", "Enviada especial de RTVE en Corea del Sur", "correspondent", {"outlet": "RTVE", "place": "Corea del Sur"}),
    ("es", "Corresponsal de EFE", "correspondent", {"outlet": "EFE"}),
    ("es", "Nuestra corresponsal en Bogotá", "correspondent", {"place": "Bogotá"}),
    ("es", "Nuestro corresponsal", "correspondent", {}),
    ("es", "Corresponsal en Bogotá", "correspondent", {"place": "Bogotá"}),
    ("es", "Ministra de Sanidad", "official", {"role": "Ministra de Sanidad"}),
    ("es", "El ministro de Medio Ambiente", "official", {"role": "ministro de Medio Ambiente"}),
    ("es", "Portavoz del Gobierno a EFE", "official", {"role": "Portavoz del Gobierno", "addressee": "EFE"}),
    ("es", "Primera ministra Ana Ejemplo", "official", {"role": "Primera ministra", "speaker": "Ana Ejemplo"}),
    (
        "es",
        "La ministra de Sanidad, Ana Ejemplo",
        "official",
        {"role": "ministra de Sanidad", "speaker": "Ana Ejemplo"},
    ),
    ("es", "El alcalde Juan de Ejemplo", "official", {"role": "alcalde", "speaker": "Juan de Ejemplo"}),
    (
        "es",
        "Presidenta de Costa Rica, Ana Ejemplo",
        "official",
        {"role": "Presidenta de Costa Rica", "speaker": "Ana Ejemplo"},
    ),
    ("es", "Fuentes a Reuters", "sources", {"via": "Reuters"}),
    ("es", "Fuentes diplomáticas a EFE", "sources", {"speaker": "Fuentes diplomáticas", "via": "EFE"}),
    ("es", "Fuentes policiales", "sources", {"speaker": "Fuentes policiales"}),
    ("es", "EFE, citando a fuentes oficiales", "sources", {"via": "EFE"}),
    ("es", "Agencia EFE", "agency", {"outlet": "EFE"}),
    ("ar", "مراسل الجزيرة في بيروت", "correspondent", {"outlet": "الجزيرة", "place": "بيروت"}),
    ("ar", "مراسلة أخبار المثال في رام الله", "correspondent", {"outlet": "أخبار المثال", "place": "رام الله"}),
    ("ar", "مراسل قناة المثال في جنوب لبنان", "correspondent", {"outlet": "قناة المثال", "place": "جنوب لبنان"}),
    ("ar", "مراسل قناة المثال من مدينة زحلة", "correspondent", {"outlet": "قناة المثال", "place": "مدينة زحلة"}),
    ("ar", "مراسل الجزيرة فى القاهره", "correspondent", {"outlet": "الجزيرة", "place": "القاهره"}),
    ("ar", "مراسل رويترز في عمّان", "correspondent", {"outlet": "رويترز", "place": "عمّان"}),
    ("ar", "مراسل رويترز", "correspondent", {"outlet": "رويترز"}),
    ("ar", "مراسلتنا في غزة", "correspondent", {"place": "غزة"}),
    ("ar", "مراسلنا", "correspondent", {}),
    ("ar", "وزير الخارجية", "official", {"role": "وزير الخارجية"}),
    ("ar", "وزيرة الصحة الأردنية", "official", {"role": "وزيرة الصحة الأردنية"}),
    ("ar", "الرئيس التونسي", "official", {"role": "الرئيس التونسي"}),
    ("ar", "رئيس الوزراء العراقي للجزيرة", "official", {"role": "رئيس الوزراء العراقي", "addressee": "الجزيرة"}),
    ("ar", "المتحدث باسم الدفاع المدني", "official", {"role": "المتحدث باسم الدفاع المدني"}),
    ("ar", "مصادر لرويترز", "sources", {"via": "رويترز"}),
    ("ar", "مصادر طبية للجزيرة", "sources", {"speaker": "مصادر طبية", "via": "الجزيرة"}),
    ("ar", "مصادر أمنية لقناة المثال", "sources", {"speaker": "مصادر أمنية", "via": "قناة المثال"}),
    ("ar", "مصادر محلية", "sources", {"speaker": "مصادر محلية"}),
    ("ar", "رويترز عن مصادر", "sources", {"via": "رويترز"}),
    ("ar", "وكالة الأناضول", "agency", {"outlet": "الأناضول"}),
]
HEADLINES = {"en": "storm closes the bridge", "es": "la tormenta cierra el puente", "ar": "العاصفة تغلق الجسر"}


@pytest.mark.parametrize(("language", "before", "kind", "fields"), CERTAIN)
def test_editor_pastes_a_certain_form_and_it_is_taken_apart(
    language: str, before: str, kind: AttributionKind, fields: dict[str, str]
) -> None:
    headline = HEADLINES[language]
    assert parse(f"{before}: {headline}", language) == (Attribution(kind=kind, text=before, **fields), headline)


UNCERTAIN = {
    "en": [
        # Scores, times, figures.
        "Spain 2: Italy 1 at half time",
        "Spain 2:1 Italy at full time",
        "14:30 storm closes the bridge",
        "14:30: storm closes the bridge",
        "Day 3: storm closes the bridge",
        # Labels of a desk.
        "Live: storm closes the bridge",
        "Breaking: storm closes the bridge",
        "Update: Example News correspondent in Oslo: storm closes the bridge",
        "Correction: the bridge is open",
        "Exclusive: storm closes the bridge",
        "Weather: storm closes the bridge",
        # Titles.
        "Prime Minister: The Biography",
        "Prime Minister Doe Resigns: markets fall",
        "President Doe Resigns: markets fall at once",
        "War Correspondent in Court: trial opens today",
        "Prime minister Jane Doe: a life in pictures",
        "Prime minister Jane Doe: who is she",
        "Prime minister: Doe or Roe?",
        "Transport minister: What the new law says",
        "Star Voyage: the lost moon",
        # Quotes.
        '"Trains run again": transport minister to resign',
        "“Trains run again”: minister speaks in Oslo",
        # Links and emoji.
        "https://example.org/a: storm closes the bridge",
        "https: //example.org is down",
        "🌪 Our correspondent in Oslo: storm closes the bridge",
        "Our correspondent in Oslo 🌪: storm closes the bridge",
        # Nearly.
        "Paris correspondent: the city wakes up",
        "US correspondent in Oslo: storm closes the bridge",
        "White House correspondent in Oslo: storm closes the bridge",
        "War correspondent in hospital: doctors hopeful",
        "Former BBC correspondent in Rome: storm closes the bridge",
        "Wounded Example News correspondent in Gaza: storm closes the bridge",
        "The wounded Example News correspondent in Gaza: storm closes the bridge",
        "The Wounded Example News correspondent in Gaza: storm closes the bridge",
        "Coastal Radio Oslo correspondent: storm closes the bridge",
        "Missing Example News reporter: search goes on",
        "BBC correspondent in danger: storm closes the bridge",
        "BBC correspondent in Prison: storm closes the bridge",
        "Example News correspondent in Oslo Jane Doe: storm closes the bridge",
        "Example News correspondent in Oslo freed: storm closes the bridge",
        "TV reporter: storm closes the bridge",
        "Reporter: storm closes the bridge",
        "President: storm closes the bridge",
        "Mayor: storm closes the bridge",
        "Former prime minister: storm closes the bridge",
        "Killed transport minister: thousands mourn",
        "Transport minister resigns: storm closes the bridge",
        "Transport minister and mayor: storm closes the bridge",
        "Sources: storm closes the bridge",
        "Sources of the river: storm closes the bridge",
        "Sources to be checked: storm closes the bridge",
        "Reuters: storm closes the bridge",
        "Space agency: storm closes the bridge",
        # Of the right words, but with nothing to say.
        "Our correspondent in Oslo:storm closes the bridge",
        "Our correspondent in Oslo : storm closes the bridge",
        "Our correspondent in Oslo:  storm closes the bridge",
        "Our correspondent in Oslo: storm",
        "Our correspondent in Oslo: ",
        "Our correspondent in Oslo:",
        "Our correspondent in Oslo",
        "Our correspondent in Oslo: \u0301storm closes",
        "",
        ": ",
        ": storm closes the bridge",
    ],
    "es": [
        "España 2: Italia 1 al descanso",
        "14:30: la tormenta cierra el puente",
        "En directo: la tormenta cierra el puente",
        "Última hora: la tormenta cierra el puente",
        "Urgente: corresponsal de EFE en Lima: la tormenta cierra el puente",
        "Corresponsal de guerra en Ucrania: la tormenta cierra el puente",
        "Corresponsal de Nueva York: la tormenta cierra el puente",
        "Corresponsal de EFE en prisión: la tormenta cierra el puente",
        "Corresponsal de EFE en Lima Ana Ejemplo: la tormenta cierra el puente",
        "Corresponsal del Canal de Panamá: la tormenta cierra el puente",
        "Excorresponsal de EFE en Lima: la tormenta cierra el puente",
        "Presidente Ejemplo Renuncia: la tormenta cierra el puente",
        "Ministro de Sanidad Ejemplo Renuncia: la tormenta cierra el puente",
        "El presidente: la tormenta cierra el puente",
        "El presidente Ana Ejemplo: vida y obra",
        "Ministra de Sanidad: ¿quién es Ana Ejemplo?",
        "Exministra de Sanidad: la tormenta cierra el puente",
        "Ministra de Sanidad dimite: la tormenta cierra el puente",
        "Fuentes: la tormenta cierra el puente",
        "Fuentes de energía: la tormenta cierra el puente",
        "Agencia Tributaria: la tormenta cierra el puente",
        "«Se acabó»: la ministra habla en Lima",
    ],
    "ar": [
        "إسبانيا 2: إيطاليا 1 في الشوط الأول",
        "14:30: العاصفة تغلق الجسر",
        "عاجل: العاصفة تغلق الجسر",
        "عاجل: مراسل الجزيرة في بيروت: العاصفة تغلق الجسر",
        "مباشر: العاصفة تغلق الجسر",
        "مراسل حربي في غزة: العاصفة تغلق الجسر",
        "مراسل الحرب في غزة: العاصفة تغلق الجسر",
        "مراسل قناة السويس: العاصفة تغلق الجسر",
        "مراسل الجزيرة في خطر: العاصفة تغلق الجسر",
        "مراسل الجزيرة في صور: العاصفة تغلق الجسر",
        "مراسل الجزيرة في السجن: العاصفة تغلق الجسر",
        "مراسل الجزيرة في غزة يصاب: العاصفة تغلق الجسر",
        "مراسل الجزيرة السابق في غزة: العاصفة تغلق الجسر",
        "إصابة مراسل الجزيرة في غزة: العاصفة تغلق الجسر",
        "وزير الدفاع يعلن: العاصفة تغلق الجسر",
        "وزير الدفاع السابق: العاصفة تغلق الجسر",
        "استقالة وزير الدفاع: العاصفة تغلق الجسر",
        "وزير الدفاع: من هو الوزير الجديد",
        "وزير الدفاع: هل يستقيل غدا؟",
        "الرئيس: العاصفة تغلق الجسر",
        "الوزير: العاصفة تغلق الجسر",
        "مصادر: العاصفة تغلق الجسر",
        "مصادر الطاقة: العاصفة تغلق الجسر",
        "وكالة الفضاء: العاصفة تغلق الجسر",
        "رويترز: العاصفة تغلق الجسر",
        "مراسل الجزيرة في بيروت:العاصفة تغلق الجسر",
        "مراسل الجزيرة في بيروت:\u200f العاصفة تغلق الجسر",
        "\u2067مراسل الجزيرة في بيروت: العاصفة\u2069 تغلق الجسر",
        "«انتهى الأمر»: الوزير يتحدث في بيروت",
    ],
}


@pytest.mark.parametrize(
    ("language", "line"), [(language, line) for language in UNCERTAIN for line in UNCERTAIN[language]]
)
def test_editor_pastes_an_uncertain_line_and_it_stays_whole(language: str, line: str) -> None:
    assert parse(line, language) is None


def test_each_language_is_read_by_its_own_vocabulary_only() -> None:
    lines = {
        language: f"{next(c[1] for c in CERTAIN if c[0] == language)}: {HEADLINES[language]}" for language in HEADLINES
    }
    for written, line in lines.items():
        assert [read for read in VOCABULARIES if parse(line, read)] == [written]
        assert parse(line, "fr") is None


def test_a_regional_edition_is_read_in_its_language() -> None:
    assert parse("Our correspondent in Oslo: storm closes the bridge", "en-GB")
    assert parse("مراسلنا في غزة: العاصفة تغلق الجسر", "ar-LB")


def test_a_newsroom_is_known_by_its_own_name_however_it_sounds() -> None:
    line = "Lighthouse (North) correspondent in Oslo: storm closes the bridge"
    assert parse(line, "en") is None
    parsed = parse(line, "en", outlets=("Lighthouse (North)",))
    assert parsed is not None
    assert parsed[0].outlet == "Lighthouse (North)"


def test_a_desk_that_prepared_compiles_nothing_at_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "An outlet of this test only"
    prepare("en", (name,))
    monkeypatch.setattr("service.domain.attribution.regex.compile", None)
    assert parse(f"{name} correspondent: storm closes the bridge", "en", (name,))


def test_a_very_long_beginning_is_no_attribution() -> None:
    place = "O" * ATTRIBUTION_CHARS_MAX
    assert parse(f"Our correspondent in {place}: storm closes the bridge", "en") is None


words_before = st.sampled_from(sorted({word for case in CERTAIN for word in case[1].split()}))
made_up_lines = st.builds(
    lambda before, colon, after: " ".join(before) + colon + after,
    st.lists(words_before, max_size=7) | st.sampled_from([case[1].split() for case in CERTAIN]),
    st.sampled_from([": ", ":", " : ", ":  "]),
    st.sampled_from([*HEADLINES.values(), "", " ", "word"]) | st.text(max_size=20),
)
lines = (made_up_lines | st.text(max_size=80)).map(lambda raw: clean(raw).text)


@given(lines, st.sampled_from(["en", "ar", "es", "fr", "", "-"]))
@example("Our correspondent in Oslo: storm closes: the bridge", "en")
def test_nothing_is_lost_or_added_when_a_line_is_taken_apart(line: str, language: str) -> None:
    parsed = parse(line, language)
    if parsed is None:
        return
    attribution, headline = parsed
    assert f"{attribution.text}: {headline}" == line
    assert render(attribution, TEMPLATES, "Example News") == attribution.text
    for part in (attribution.text, headline):
        assert part == clean(part).text


@given(lines, st.sampled_from(["en", "ar", "es"]))
def test_every_field_read_from_a_line_stands_in_it(line: str, language: str) -> None:
    parsed = parse(line, language)
    if parsed is None:
        return
    attribution = parsed[0]
    for value in (attribution.outlet, attribution.place, attribution.speaker, attribution.role):
        assert value is None or value in line


@pytest.mark.parametrize(
    ("attribution", "text"),
    [
        (Attribution(kind="none"), ""),
        (Attribution(kind="none", text="stray"), ""),
        (Attribution(kind="correspondent"), "Example News correspondent"),
        (Attribution(kind="correspondent", place="Oslo"), "Example News correspondent in Oslo"),
        (
            Attribution(kind="correspondent", outlet="Coastal Radio", place="Oslo"),
            "Coastal Radio correspondent in Oslo",
        ),
        (Attribution(kind="official", role="Mayor", speaker="Jane Doe"), "Mayor Jane Doe"),
        (Attribution(kind="official", speaker="Jane Doe"), "Jane Doe"),
        (Attribution(kind="official", role="Mayor"), "Mayor"),
        (Attribution(kind="official"), ""),
        (Attribution(kind="agency", outlet="Reuters"), "Reuters"),
        (Attribution(kind="agency"), ""),
        (Attribution(kind="sources"), "Sources"),
        (Attribution(kind="sources", via="Reuters"), "Sources to Reuters"),
        (Attribution(kind="media", outlet="Coastal Radio"), "Coastal Radio"),
        (Attribution(kind="document", speaker="Annual report"), "Annual report"),
        (Attribution(kind="correspondent", place="Oslo", text="From our desk in Oslo"), "From our desk in Oslo"),
        # A value is never taken for a template.
        (
            Attribution(kind="correspondent", outlet="{place} {0}", place="{outlet}"),
            "{place} {0} correspondent in {outlet}",
        ),
    ],
)
def test_reader_sees_the_fullest_template_that_can_be_filled(attribution: Attribution, text: str) -> None:
    assert render(attribution, TEMPLATES, "Example News") == text


def test_an_edition_without_the_template_shows_no_attribution() -> None:
    assert render(Attribution(kind="media", outlet="Coastal Radio"), {}, "Example News") == ""
    assert render(Attribution(kind="media"), {"media": "{unknown}"}, "Example News") == ""


def test_what_an_attribution_lacks_is_what_its_least_demanding_template_needs() -> None:
    templates = {"official": "{speaker}, {role} ({place})", "media": "{outlet} in {place}"}
    assert lacking(Attribution(kind="official", role="mayor"), templates, "Example News") == "lacks speaker and place"
    assert lacking(Attribution(kind="media"), templates, "Example News") == "lacks outlet and place"
    assert lacking(Attribution(kind="agency"), templates, "Example News") == "has no template in this edition"
    assert lacking(Attribution(kind="official", role="mayor"), {"official": "{role}"}, "") == "lacks speaker"
