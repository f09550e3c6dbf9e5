"""Spanish attributions.

The rule to remember: Spanish writes offices small and names large, and a headline in small letters; what is large is a
name. Articles before an office are common and belong to the form.
"""

from service.domain.vocabulary import DASH, Form, Vocabulary, one_of, opening

OUTLETS = (
    *("ABC", "AFP", "AP", "BBC", "CNN", "DW", "EFE", "RNE", "RTVE", "TVE", "ANSA", "Europa Press", "Reuters"),
    *("Xinhua", "Al Jazeera", "Clarín", "El Mundo", "El País", "El Universal", "France 24", "La Nación"),
    *("La Vanguardia", "Le Monde", "Prensa Latina", "Télam", "Telesur"),
)

# Of these, the agencies, whose datelines name towns that nobody knows.
AGENCIES = ("AFP", "ANSA", "AP", "EFE", "Europa Press", "Prensa Latina", "Reuters", "Télam", "Xinhua")

# A name that begins with one of these is an outlet's …
MEDIA_OPENINGS = ("Cadena", "Diario", "Noticias", "Periódico", "Radio", "Televisión")
# … and so is one that ends with one of these.
MEDIA_ENDINGS = ("Media", "News", "Noticias", "Press", "Radio", "Televisión", "TV", "Wire")

# Words that begin and end places of several words.
PLACE_OPENINGS = (
    *("Abu", "Adís", "Alto", "Arabia", "Bahía", "Buenos", "Burkina", "Cabo", "Costa", "El", "Estados", "Gran"),
    *("Hong", "Kuala", "La", "Las", "Los", "Monte", "Nueva", "Nuevo", "Oriente", "Puerto", "Punta", "Reino"),
    *("Río", "San", "Santa", "Santo", "Sierra", "Sri", "Tel", "Valle", "Villa"),
)
PLACE_ENDINGS = ("Central", "Norte", "Occidental", "Oriental", "Sur")

# Places that a dateline names alone ("Madrid, 12 mar.- …").
DATELINE_PLACES = (
    *("Ámsterdam", "Asunción", "Atenas", "Barcelona", "Beirut", "Berlín", "Bogotá", "Brasilia", "Bruselas"),
    *("Buenos Aires", "Caracas", "Chicago", "Ciudad de México", "Damasco", "Doha", "Dublín", "El Cairo"),
    *("Estambul", "Ginebra", "Guatemala", "Jerusalén", "Kiev", "La Habana", "La Paz", "Lima", "Lisboa"),
    *("Londres", "Madrid", "Managua", "México", "Miami", "Montevideo", "Moscú", "Nueva York", "Oslo", "Panamá"),
    *("París", "Pekín", "Quito", "Rabat", "Roma", "San José", "San Juan", "San Salvador", "Santiago"),
    *("Santo Domingo", "Seúl", "Sevilla", "Tegucigalpa", "Tokio", "Túnez", "Valencia", "Varsovia", "Viena"),
    "Washington",
)
# Words that begin the name of a place in a dateline, where hardly anything else shows that it is one: not
# "LA FINAL (EFE) — …".
DATELINE_OPENINGS = (
    *("Bahía", "Buenos", "Cabo", "Costa", "Monte", "Puerto", "Punta", "Río", "San", "Santa", "Santo", "Sierra"),
    *("Valle", "Villa"),
)
# Words in large letters that begin a line and are no place.
NO_DATELINES = (
    *("CRÓNICA", "FINAL", "GOL", "HOY", "PREVIA", "RESULTADOS"),
    *("ALERTA", "ANÁLISIS", "AVANCE", "CORRECCIÓN", "DEPORTES", "DIRECTO", "ENTREVISTA", "EXCLUSIVA"),
    *("EXCLUSIVO", "FOTO", "FOTOS", "MERCADOS", "OPINIÓN", "PERFIL", "REPORTAJE", "RESUMEN", "TIEMPO"),
    *("ÚLTIMA", "URGENTE", "VIDEO", "VÍDEO"),
)
MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "setiembre"),
    *("octubre", "noviembre", "diciembre", "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep"),
    *("sept", "oct", "nov", "dic"),
)

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
    *(f"del {ministry} de {portfolio}" for ministry in ("ministerio", "Ministerio") for portfolio in PORTFOLIOS),
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

# The country's adjective after an office, with its feminine.
DEMONYMS = (
    *("afgano", "alemán", "argelino", "argentino", "australiano", "austriaco", "boliviano", "brasileño"),
    *("británico", "chileno", "chino", "colombiano", "cubano", "danés", "ecuatoriano", "egipcio", "español"),
    *("estadounidense", "finlandés", "francés", "griego", "hondureño", "húngaro", "indio", "iraní", "iraquí"),
    *("irlandés", "israelí", "italiano", "japonés", "jordano", "libanés", "libio", "marroquí", "mexicano"),
    *("nicaragüense", "noruego", "palestino", "panameño", "paraguayo", "peruano", "polaco", "portugués"),
    *("rumano", "ruso", "salvadoreño", "sirio", "sueco", "suizo", "tunecino", "turco", "ucraniano"),
    *("uruguayo", "venezolano", "yemení"),
)

SOURCES = (
    *("del Gobierno", "de la investigación", "diplomáticas", "gubernamentales", "hospitalarias", "judiciales"),
    *("médicas", "militares", "oficiales", "policiales", "políticas", "de seguridad"),
)

NOT_SAID = (
    *("así", "claves", "cómo", "cronología", "cuál", "cuándo", "directo", "dónde", "obituario", "perfil"),
    *("por", "qué", "quién", "quiénes", "trayectoria", "un", "una", "vida", "video", "vídeo"),
)

_FEMININE_ENDINGS = (("o", "a"), ("és", "esa"), ("án", "ana"), ("ol", "ola"))


def _feminine(demonym: str) -> str:
    for ending, feminine in _FEMININE_ENDINGS:
        if demonym.endswith(ending):
            return demonym.removesuffix(ending) + feminine
    return demonym


_DEMONYM = one_of({*DEMONYMS, *map(_feminine, DEMONYMS)})
_PEOPLES = tuple(f"{_feminine(demonym)}s" for demonym in DEMONYMS)
_OF_KIND = rf"(?:{one_of(SOURCES)}|{one_of(_PEOPLES)})"
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


_CAPITALS = r"\p{Lu}[\p{Lu}\p{M}'’.-]+"
_DATE = rf"[0-9]{{1,2}}(?: de)? {one_of(MONTHS)}\.?(?:,? (?:de )?[0-9]{{4}})?"
_LARGE_PLACE = rf"{one_of(word.upper() for word in DATELINE_OPENINGS)}(?: DE)? {_CAPITALS}"
_SMALL_PLACE = rf"{one_of(DATELINE_OPENINGS)} {_NAME_WORD}"
_TOWN = rf"(?:{one_of(DATELINE_PLACES)}|{_SMALL_PLACE})"
_LARGE_CITY = one_of(place.upper() for place in DATELINE_PLACES)
_CITY = rf"(?:{one_of(DATELINE_PLACES)}|{_LARGE_CITY})"
_NO_LABEL = rf"(?!{one_of(NO_DATELINES)}\b)"
# An agency's own sign after its dateline ("Lima (EFE).- …") leaves no doubt by itself.
_SIGN = rf"(?:\.- ?|{DASH})"


def _forms(names: tuple[str, ...]) -> tuple[Form, ...]:
    known = one_of(names)
    outlet = rf"(?:{known}|{_UNKNOWN_OUTLET})"
    in_place = rf" (?:en|desde) (?P<place>{_PLACE})"
    sent = r"[Ee]nviad(?:o especial|a especial|os especiales|as especiales)"
    correspondent = rf"(?:(?:El |La |Los |Las )?(?:[Cc]orresponsal(?:es)?|[Rr]eporter[oa]s?|{sent}))"
    ours = r"Nuestr(?:[oa]s? (?:corresponsal(?:es)?|enviad[oa] especial|enviad[oa]s especiales))"
    to_outlet = rf"(?: a (?P<addressee>{outlet}))?"
    role = (
        rf"(?:(?:El |La )(?P<role>{one_of(ROLES)}(?: {_DEMONYM})?)"
        rf"|(?P<role>{one_of(opening(ROLES))}(?: {_DEMONYM})?))"
    )
    # An office of one word needs its country.
    offices = ("primer ministro", "primera ministra", *TITLES)
    national = (
        rf"(?:(?:El |La )(?P<role>{one_of(offices)} {_DEMONYM}|ministr[oa] {_DEMONYM} de {one_of(PORTFOLIOS)})"
        rf"|(?P<role>{one_of(opening(offices))} {_DEMONYM}|Ministr[oa] {_DEMONYM} de {one_of(PORTFOLIOS)}))"
    )
    heads = ("alcalde", "alcaldesa", "gobernador", "gobernadora")
    of_town, of_town_large = rf"{one_of(heads)} de {_TOWN}", rf"{one_of(opening(heads))} de {_TOWN}"
    # Without its article only an office with a small second word shows that the line is not in title case.
    office = rf"(?:(?:El |La )(?P<role>{one_of((*ROLES, *TITLES))})|(?P<role>Primer ministro|Primera ministra))"
    of_place = rf"(?:(?:El |La )(?P<role>{one_of(TITLES)} de {_PLACE})|(?P<role>{one_of(opening(TITLES))} de {_PLACE}))"
    large_sources = rf"(?:Fuentes|(?P<speaker>Fuentes {_OF_KIND}))"
    several = "(?:dos |tres |cuatro |varias )?"
    of_kind = rf"(?P<speaker>fuentes {_OF_KIND})"
    through = rf"(?:a|de|consultadas por) (?P<via>{outlet})"
    # "de" and an outlet is certain where the sentence says "según"; by itself it may be anything's springs.
    told = rf"(?:fuentes {through}|{of_kind}(?: {through})?)"
    saying = r"(?:dicen|dijeron|informan|informaron|aseguran|aseguraron|señalan|señalaron|confirman|confirmaron)"
    return (
        Form("correspondent", rf"{correspondent} de(?:l| la)? (?P<outlet>{outlet})(?:{in_place})?"),
        Form("correspondent", rf"{ours}(?:{in_place})?"),
        Form("correspondent", rf"Corresponsal{in_place}"),
        Form("sources", rf"{large_sources} a (?P<via>{outlet})"),
        Form("sources", rf"(?P<via>{outlet}), citando (?:a )?fuentes(?: {one_of(SOURCES)})?"),
        Form("sources", rf"(?P<speaker>Fuentes {_OF_KIND})"),
        Form("sources", rf"Según {told}"),
        Form("agency", rf"(?:La )?[Aa]gencia (?:de noticias )?(?P<outlet>{known})"),
        Form("official", rf"{role}{to_outlet}"),
        Form("official", rf"{national}{to_outlet}"),
        Form("official", rf"(?:(?:El |La )(?P<role>{of_town})|(?P<role>{of_town_large})){to_outlet}"),
        Form("official", rf"{office},? (?P<speaker>{_PERSON}){to_outlet}"),
        Form("official", rf"{of_place}, (?P<speaker>{_PERSON}){to_outlet}"),
        Form("official", rf"(?P<role>{one_of(opening(ROLES))}), (?P<speaker>{_PERSON}){to_outlet}"),
        Form("official", rf"(?P<speaker>{_PERSON}), (?P<role>{one_of(ROLES)}|{one_of(TITLES)} de {_PLACE}){to_outlet}"),
        Form(
            "agency",
            rf"(?P<said>{_NO_LABEL}(?P<place>{_CITY}|{_LARGE_PLACE}|{_PLACE}(?=, [0-9]))(?:, {_DATE})? "
            rf"\((?P<outlet>{outlet})\)){_SIGN}",
            "opening",
        ),
        # Beside an agency one unknown word in capitals is a place too; two may be a person.
        Form(
            "agency",
            rf"(?P<said>{_NO_LABEL}(?P<place>{_CAPITALS})(?:, {_DATE})? \((?P<outlet>{one_of(AGENCIES)})\)){_SIGN}",
            "opening",
        ),
        Form("correspondent", rf"(?P<said>(?P<place>{_LARGE_CITY}|{_LARGE_PLACE}), {_DATE}){_SIGN}", "opening"),
        Form("agency", rf"(?P<said>(?P<place>{_SMALL_PLACE}) \((?P<outlet>{outlet})\))\.- ?", "opening"),
        # In small letters a place, a date and a dash may announce a concert.
        Form("correspondent", rf"(?P<said>(?P<place>{_CITY}), {_DATE})\.- ?", "opening"),
        Form("sources", rf"(?:Según|De acuerdo con) (?P<said>{told}), ", "opening"),
        Form("sources", rf", (?:según|de acuerdo con) (?P<said>{several}(?:fuentes|{told}))\.?", "end"),
        Form("sources", rf", (?:según )?{saying} (?P<said>{several}{told})\.?", "end"),
        Form(
            "sources",
            rf"(?:, |{DASH})(?P<said>fuentes a (?P<via>{outlet})|{of_kind}(?: a (?P<via>{outlet}))?)\.?",
            "end",
        ),
        Form("sources", rf"{DASH}(?P<said>fuentes)\.?|: (?P<said>{of_kind})\.?", "end"),
    )


SPANISH = Vocabulary(
    outlets=OUTLETS,
    forms=_forms,
    not_said=frozenset(NOT_SAID),
    same_letters={},
    called=str,
)
