"""Spanish attributions.

The rule to remember: Spanish writes offices small and names large, and a headline in small letters; what is large is a
name. Articles before an office are common and belong to the form.
"""

from service.domain.vocabulary import Form, Vocabulary, one_of, opening

OUTLETS = (
    *("ABC", "AFP", "AP", "BBC", "CNN", "DW", "EFE", "RNE", "RTVE", "TVE", "ANSA", "Europa Press", "Reuters"),
    *("Xinhua", "Al Jazeera", "Clarín", "El Mundo", "El País", "El Universal", "France 24", "La Nación"),
    *("La Vanguardia", "Le Monde", "Prensa Latina", "Télam", "Telesur"),
)

# A name that begins with one of these is an outlet's …
MEDIA_OPENINGS = ("Cadena", "Diario", "Noticias", "Periódico", "Radio", "Televisión")
# … and so is one that ends with one of these.
MEDIA_ENDINGS = ("News", "Noticias", "Press", "Radio", "Televisión", "TV")

# Words that begin and end places of several words.
PLACE_OPENINGS = (
    *("Abu", "Adís", "Alto", "Arabia", "Buenos", "Burkina", "Cabo", "Costa", "El", "Estados", "Gran", "Hong"),
    *("Kuala", "La", "Las", "Los", "Monte", "Nueva", "Nuevo", "Oriente", "Puerto", "Reino", "Río", "San"),
    *("Santa", "Santo", "Sierra", "Sri", "Tel"),
)
PLACE_ENDINGS = ("Central", "Norte", "Occidental", "Oriental", "Sur")

PORTFOLIOS = (
    *("Agricultura", "Asuntos Exteriores", "Ciencia", "Comercio", "Cultura", "Defensa", "Economía"),
    *("Educación", "Energía", "Exteriores", "Hacienda", "Industria", "Interior", "Justicia", "Medio Ambiente"),
    *("Relaciones Exteriores", "Salud", "Sanidad", "Seguridad", "Trabajo", "Transporte", "Transportes"),
    *("Turismo", "Vivienda"),
)
BODIES = (
    *("de la ONU", "de la OTAN", "de la Policía", "de la policía", "de la Presidencia", "de la presidencia"),
    *("de la Casa Blanca", "de Exteriores", "de Sanidad", "de los bomberos", "del Ejército", "del ejército"),
    *("del Gobierno", "del gobierno", "del Parlamento"),
)

# Offices of several words: certain without a name.
ROLES = (
    *("primer ministro", "primera ministra", "secretario general de la ONU", "secretario general de la OTAN"),
    *(f"{minister} de {portfolio}" for minister in ("ministro", "ministra") for portfolio in PORTFOLIOS),
    *(f"ministr{ending} del Interior" for ending in "oa"),
    *(f"portavoz {body}" for body in BODIES),
)
# Offices of one word: certain only with a name beside them.
TITLES = (
    *("alcalde", "alcaldesa", "canciller", "embajador", "embajadora", "gobernador", "gobernadora"),
    *("presidente", "presidenta", "vicepresidente", "vicepresidenta"),
)

SOURCES = (
    *("del Gobierno", "de la investigación", "diplomáticas", "gubernamentales", "hospitalarias", "judiciales"),
    *("médicas", "militares", "oficiales", "policiales", "políticas", "de seguridad"),
)

NOT_SAID = (
    *("así", "claves", "cómo", "cronología", "cuál", "cuándo", "directo", "dónde", "obituario", "perfil"),
    *("por", "qué", "quién", "quiénes", "trayectoria", "un", "una", "vida", "video", "vídeo"),
)

_NAME_WORD = r"\p{Lu}[\p{L}\p{M}'’.-]*+"
# One word, unless a table or a particle joins more: in "corresponsal en Lima Ana Ejemplo" a person follows the place.
_PLACE = (
    rf"(?:la |el |los |las )?(?:{one_of(PLACE_OPENINGS)} )?{_NAME_WORD}"
    rf"(?: (?:de|del|de la|de los) {_NAME_WORD})?(?: {one_of(PLACE_ENDINGS)})?"
)
_PERSON = rf"{_NAME_WORD}(?: (?:de |del |de la |van |von |al-)?{_NAME_WORD}){{1,2}}"
_MEDIA_NAME = rf"(?:(?:de |del |de la |la |el )?{_NAME_WORD})"
_UNKNOWN_OUTLET = (
    rf"(?:{one_of(MEDIA_OPENINGS)}(?: {_MEDIA_NAME}){{1,3}}"
    rf"|{_NAME_WORD}(?: {_MEDIA_NAME}){{0,2}} {one_of(MEDIA_ENDINGS)})"
)


def _forms(names: tuple[str, ...]) -> tuple[Form, ...]:
    known = one_of(names)
    outlet = rf"(?:{known}|{_UNKNOWN_OUTLET})"
    in_place = rf" en (?P<place>{_PLACE})"
    correspondent = r"(?:(?:El |La )?[Cc]orresponsal|(?:El )?[Ee]nviado especial|(?:La )?[Ee]nviada especial)"
    to_outlet = rf"(?: a (?P<addressee>{outlet}))?"
    role = rf"(?:(?:El |La )(?P<role>{one_of(ROLES)})|(?P<role>{one_of(opening(ROLES))}))"
    # Without its article only an office with a small second word shows that the line is not in title case.
    office = rf"(?:(?:El |La )(?P<role>{one_of((*ROLES, *TITLES))})|(?P<role>Primer ministro|Primera ministra))"
    of_place = rf"(?:(?:El |La )(?P<role>{one_of(TITLES)} de {_PLACE})|(?P<role>{one_of(opening(TITLES))} de {_PLACE}))"
    return (
        Form("correspondent", rf"{correspondent} de(?:l| la)? (?P<outlet>{outlet})(?:{in_place})?"),
        Form(
            "correspondent", rf"(?:Nuestr[oa] corresponsal|Nuestro enviado especial|Nuestra enviada especial){in_place}"
        ),
        Form("correspondent", r"Nuestr[oa] corresponsal"),
        Form("correspondent", rf"Corresponsal{in_place}"),
        Form("sources", rf"(?:Fuentes|(?P<speaker>Fuentes {one_of(SOURCES)})) a (?P<via>{outlet})"),
        Form("sources", rf"(?P<via>{outlet}), citando (?:a )?fuentes(?: {one_of(SOURCES)})?"),
        Form("sources", rf"(?P<speaker>Fuentes {one_of(SOURCES)})"),
        Form("agency", rf"(?:La )?[Aa]gencia (?:de noticias )?(?P<outlet>{known})"),
        Form("official", rf"{role}{to_outlet}"),
        Form("official", rf"{office},? (?P<speaker>{_PERSON}){to_outlet}"),
        Form("official", rf"{of_place}, (?P<speaker>{_PERSON}){to_outlet}"),
    )


SPANISH = Vocabulary(
    outlets=OUTLETS,
    forms=_forms,
    not_said=frozenset(NOT_SAID),
    same_letters={},
    called=str,
)
