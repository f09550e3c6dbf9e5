"""Lines as an outsider would paste them: what must be taken apart wherever its source stands, and what must stay whole.

The rule to remember: the second tables count more. A line that stays whole is a line; a wrong source is a lie.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.alert import Attribution, AttributionKind
from service.domain.attribution import parse
from service.domain.text import clean

OUTLETS = ("Example News", "أخبار المثال")
NEWS = {"en": "Ferry service resumes on Friday", "es": "El transbordador vuelve a zarpar", "ar": "العبارة تبحر من جديد"}

Taken = tuple[str, AttributionKind, str, dict[str, str]]
"""The line around its news, what kind of source it names, how that is shown, and the fields."""

DATELINES: list[tuple[str, AttributionKind, str, dict[str, str]]] = [
    ("PORT VALE (Example Wire)", "agency", "PORT VALE", {"outlet": "Example Wire"}),
    ("ALDERTON (Reuters)", "agency", "ALDERTON", {"outlet": "Reuters"}),
    ("LONDON, March 12 (Reuters)", "agency", "LONDON", {"outlet": "Reuters"}),
    ("PORT VALE, Norway (AP)", "agency", "PORT VALE", {"outlet": "AP"}),
    ("London (AFP)", "agency", "London", {"outlet": "AFP"}),
    ("OSLO/BERGEN (Reuters)", "agency", "OSLO/BERGEN", {"outlet": "Reuters"}),
    ("PORT VALE, Tuesday (Example Wire)", "agency", "PORT VALE", {"outlet": "Example Wire"}),
    ("Port Vale, 12 March (Example Wire)", "agency", "Port Vale", {"outlet": "Example Wire"}),
    ("PORT VALE, Tuesday", "correspondent", "PORT VALE", {}),
    ("PORT VALE, 12 March", "correspondent", "PORT VALE", {}),
    ("PORT VALE, Norway, March 12", "correspondent", "PORT VALE", {}),
    ("OSLO, Sept. 3, 2026", "correspondent", "OSLO", {}),
]
ENGLISH: list[Taken] = [
    *(
        (f"{said}: {{}}", "correspondent", said, {"outlet": "Example News", **place})
        for who in ("Example News", "Example News's", "Example News’s", "Example News'", "The Example News")
        for noun in ("correspondent", "correspondents", "reporter")
        for where, place in ((" in Port Vale", {"place": "Port Vale"}), ("", {}))
        for said in (f"{who} {noun}{where}",)
    ),
    *(
        (f"{said}: {{}}", "correspondent", said, fields)
        for said, fields in (
            ("Our correspondent", {}),
            ("Our correspondents in Port Vale", {"place": "Port Vale"}),
            ("Our weather correspondent in Alder Bay", {"place": "Alder Bay"}),
            ("The BBC's Middle East correspondent in Amman", {"outlet": "BBC", "place": "Amman"}),
            ("Example Wire reporters in Lake Alder", {"outlet": "Example Wire", "place": "Lake Alder"}),
            ("Al Jazeera's senior political correspondent", {"outlet": "Al Jazeera"}),
            ("Reporter for Example News in Port Vale", {"outlet": "Example News", "place": "Port Vale"}),
            ("BBC correspondent in northern Port Vale", {"outlet": "BBC", "place": "northern Port Vale"}),
            ("Reuters correspondent in Old Harbour Bay", {"outlet": "Reuters", "place": "Old Harbour Bay"}),
        )
    ),
    *(
        (f"{said}: {{}}", "official", said, fields)
        for said, fields in (
            ("Transport Minister", {"role": "Transport Minister"}),
            ("Norwegian Prime Minister", {"role": "Norwegian Prime Minister"}),
            ("Norwegian Transport Minister", {"role": "Norwegian Transport Minister"}),
            ("US President", {"role": "US President"}),
            ("Police spokesperson Jane Doe", {"role": "Police spokesperson", "speaker": "Jane Doe"}),
            ("Jane Doe, mayor of Port Vale", {"role": "mayor of Port Vale", "speaker": "Jane Doe"}),
            (
                "Jane Doe, transport minister to Example Wire",
                {"role": "transport minister", "speaker": "Jane Doe", "addressee": "Example Wire"},
            ),
            ("Iranian Foreign Minister to Al Jazeera", {"role": "Iranian Foreign Minister", "addressee": "Al Jazeera"}),
            ("UN Secretary-General", {"role": "UN Secretary-General"}),
            ("Senior UN official to Example Wire", {"role": "Senior UN official", "addressee": "Example Wire"}),
            ("Norway's transport minister", {"role": "Norway's transport minister"}),
            ("South Africa’s president to AFP", {"role": "South Africa’s president", "addressee": "AFP"}),
            ("Minister of Transport", {"role": "Minister of Transport"}),
            ("Minister for transport", {"role": "Minister for transport"}),
            ("Mayor of Port Vale", {"role": "Mayor of Port Vale"}),
            ("The mayor of London", {"role": "mayor of London"}),
            ("Port Vale council spokesperson", {"role": "Port Vale council spokesperson"}),
            ("Ferry operator spokeswoman Jane Doe", {"role": "Ferry operator spokeswoman", "speaker": "Jane Doe"}),
            ("Port authority spokesman to Reuters", {"role": "Port authority spokesman", "addressee": "Reuters"}),
            ("Jane Doe, harbour master", {"role": "harbour master", "speaker": "Jane Doe"}),
            ("Jane Doe, head coach", {"role": "head coach", "speaker": "Jane Doe"}),
            ("Harbour master", {"role": "Harbour master"}),
            ("Port Vale mayor", {"role": "Port Vale mayor"}),
            ("Port Vale mayor Jane Doe", {"role": "Port Vale mayor", "speaker": "Jane Doe"}),
            ("Jane Doe, Mayor of Port Vale", {"role": "Mayor of Port Vale", "speaker": "Jane Doe"}),
            ("Spokesperson for the transport ministry", {"role": "Spokesperson for the transport ministry"}),
        )
    ),
    *(
        (f"{said}: {{}}", "sources", said, fields)
        for said, fields in (
            ("Sources tell Example Wire", {"via": "Example Wire"}),
            ("Sources told Reuters", {"via": "Reuters"}),
            ("Source to Reuters", {"via": "Reuters"}),
            ("Norwegian medical sources", {"speaker": "Norwegian medical sources"}),
            ("Sources to the BBC", {"via": "the BBC"}),
            ("Norwegian sources", {"speaker": "Norwegian sources"}),
            ("Security source to AFP", {"speaker": "Security source", "via": "AFP"}),
        )
    ),
    ("{}, sources tell Example Wire", "sources", "Sources tell Example Wire", {"via": "Example Wire"}),
    ("{}, sources told Reuters.", "sources", "Sources told Reuters", {"via": "Reuters"}),
    ("{}, a source tells Reuters", "sources", "A source tells Reuters", {"via": "Reuters"}),
    (
        "{}, a security source told the Guardian",
        "sources",
        "A security source told the Guardian",
        {"speaker": "security source", "via": "the Guardian"},
    ),
    ("{}, two sources tell Example Wire", "sources", "Two sources tell Example Wire", {"via": "Example Wire"}),
    ("{}, sources to Coastal Radio", "sources", "Sources to Coastal Radio", {"via": "Coastal Radio"}),
    ("{}, sources say", "sources", "Sources", {}),
    ("{}, medical sources say.", "sources", "Medical sources", {"speaker": "medical sources"}),
    ("{}: medical sources", "sources", "Medical sources", {"speaker": "medical sources"}),
    ("{}, say security sources", "sources", "Security sources", {"speaker": "security sources"}),
    ("{}, according to police sources", "sources", "Police sources", {"speaker": "police sources"}),
    ("{} - sources", "sources", "Sources", {}),
    ("{} — sources", "sources", "Sources", {}),
    ("{} – medical sources", "sources", "Medical sources", {"speaker": "medical sources"}),
    ("{} - source", "sources", "Source", {}),
    ("{} — sources to Reuters", "sources", "Sources to Reuters", {"via": "Reuters"}),
    ("According to hospital sources, {}", "sources", "Hospital sources", {"speaker": "hospital sources"}),
    *(
        (f"{said} {dash} {{}}", kind, said, {"place": place, **fields})
        for said, kind, place, fields in DATELINES
        for dash in ("—", "–", "-", "--")
    ),
]  # fmt: skip
SPANISH: list[Taken] = [
    *(
        (f"{said}: {{}}", "correspondent", said, {"outlet": "Example News", **place})
        for who in ("Corresponsal", "El corresponsal", "La corresponsal", "Corresponsales", "Los corresponsales",
                    "Enviada especial", "Los enviados especiales", "Reportera", "Reporteros")
        for where, place in ((" en Puerto Vale", {"place": "Puerto Vale"}), ("", {}))
        for said in (f"{who} de Example News{where}",)
    ),
    *(
        (f"{said}: {{}}", "correspondent", said, fields)
        for said, fields in (
            ("Nuestro corresponsal", {}),
            ("Nuestros corresponsales en Puerto Vale", {"place": "Puerto Vale"}),
            ("Nuestras enviadas especiales en Bahía Blanca", {"place": "Bahía Blanca"}),
            ("La corresponsal de la BBC en San José", {"outlet": "BBC", "place": "San José"}),
        )
    ),
    *(
        (f"{said}: {{}}", "official", said, fields)
        for said, fields in (
            ("El presidente francés", {"role": "presidente francés"}),
            ("Presidenta mexicana", {"role": "Presidenta mexicana"}),
            ("Primer ministro británico", {"role": "Primer ministro británico"}),
            ("Ministra española de Sanidad", {"role": "Ministra española de Sanidad"}),
            ("El ministro de Transporte argentino", {"role": "ministro de Transporte argentino"}),
            ("Ministro de Transporte a EFE", {"role": "Ministro de Transporte", "addressee": "EFE"}),
            ("La alcaldesa de Puerto Vale, Ana Ejemplo",
             {"role": "alcaldesa de Puerto Vale", "speaker": "Ana Ejemplo"}),
            ("El alcalde de Puerto Vale", {"role": "alcalde de Puerto Vale"}),
            ("Alcaldesa de Madrid a EFE", {"role": "Alcaldesa de Madrid", "addressee": "EFE"}),
            ("Portavoz del Gobierno", {"role": "Portavoz del Gobierno"}),
            ("Portavoz del ministerio de Transporte", {"role": "Portavoz del ministerio de Transporte"}),
            ("Ana Ejemplo, ministra de Transporte", {"role": "ministra de Transporte", "speaker": "Ana Ejemplo"}),
            ("Ministro de Transporte, Juan Ejemplo", {"role": "Ministro de Transporte", "speaker": "Juan Ejemplo"}),
        )
    ),
    *(
        (f"{said}: {{}}", "sources", said, fields)
        for said, fields in (
            ("Fuentes a Example Wire", {"via": "Example Wire"}),
            ("Fuentes policiales a Radio Costa", {"speaker": "Fuentes policiales", "via": "Radio Costa"}),
            ("Según fuentes médicas", {"speaker": "fuentes médicas"}),
            ("Según fuentes de Reuters", {"via": "Reuters"}),
        )
    ),
    ("{}, según fuentes de Reuters", "sources", "Fuentes de Reuters", {"via": "Reuters"}),
    ("{}: fuentes médicas", "sources", "Fuentes médicas", {"speaker": "fuentes médicas"}),
    ("{}, según dos fuentes", "sources", "Dos fuentes", {}),
    ("{}, según fuentes consultadas por EFE", "sources", "Fuentes consultadas por EFE", {"via": "EFE"}),
    ("Puerto Vale (Example Wire).- {}", "agency", "Puerto Vale (Example Wire)",
     {"place": "Puerto Vale", "outlet": "Example Wire"}),
    ("{}, según fuentes médicas", "sources", "Fuentes médicas", {"speaker": "fuentes médicas"}),
    ("{}, según fuentes médicas a EFE.", "sources", "Fuentes médicas a EFE",
     {"speaker": "fuentes médicas", "via": "EFE"}),
    ("{}, según fuentes", "sources", "Fuentes", {}),
    ("{}, de acuerdo con fuentes oficiales", "sources", "Fuentes oficiales", {"speaker": "fuentes oficiales"}),
    ("{}, dicen fuentes a Example Wire", "sources", "Fuentes a Example Wire", {"via": "Example Wire"}),
    ("{}, según dijeron fuentes policiales a Reuters", "sources", "Fuentes policiales a Reuters",
     {"speaker": "fuentes policiales", "via": "Reuters"}),
    ("{}, fuentes a EFE", "sources", "Fuentes a EFE", {"via": "EFE"}),
    ("{} - fuentes", "sources", "Fuentes", {}),
    ("{} — fuentes judiciales", "sources", "Fuentes judiciales", {"speaker": "fuentes judiciales"}),
    ("Según fuentes de EFE, {}", "sources", "Fuentes de EFE", {"via": "EFE"}),
    ("De acuerdo con fuentes militares, {}", "sources", "Fuentes militares", {"speaker": "fuentes militares"}),
    ("Lima (EFE).- {}", "agency", "Lima (EFE)", {"place": "Lima", "outlet": "EFE"}),
    ("Madrid, 12 mar (EFE).- {}", "agency", "Madrid, 12 mar (EFE)", {"place": "Madrid", "outlet": "EFE"}),
    ("Puerto Vale, 12 mar. (Example Wire).- {}", "agency", "Puerto Vale, 12 mar. (Example Wire)",
     {"place": "Puerto Vale", "outlet": "Example Wire"}),
    ("PUERTO VALE (Example Wire) — {}", "agency", "PUERTO VALE (Example Wire)",
     {"place": "PUERTO VALE", "outlet": "Example Wire"}),
    ("PUERTO VALE, 12 de marzo — {}", "correspondent", "PUERTO VALE, 12 de marzo", {"place": "PUERTO VALE"}),
    ("Bogotá, 3 de mayo de 2026.- {}", "correspondent", "Bogotá, 3 de mayo de 2026", {"place": "Bogotá"}),
]  # fmt: skip
ARABIC: list[Taken] = [
    *(
        (f"{said}: {{}}", "correspondent", said, {"outlet": outlet, **place})
        for who in ("مراسل", "مراسلة", "مراسلو", "مراسلا", "موفد", "موفدة")
        for outlet in ("أخبار المثال", "رويترز", "الجزيرة")
        for where, place in ((" في بيروت", {"place": "بيروت"}), ("", {}))
        for said in (f"{who} {outlet}{where}",)
    ),
    *(
        (f"{said}: {{}}", "correspondent", said, fields)
        for said, fields in (
            ("مراسلنا", {}),
            ("مراسلونا في القاهرة", {"place": "القاهرة"}),
            ("موفدتنا في مدينة زحلة", {"place": "مدينة زحلة"}),
        )
    ),
    *(
        (f"{said}: {{}}", "official", said, fields)
        for said, fields in (
            ("وزير النقل اللبناني", {"role": "وزير النقل اللبناني"}),
            ("وزيرة الصحة لرويترز", {"role": "وزيرة الصحة", "addressee": "رويترز"}),
            ("المتحدثة باسم الحكومة", {"role": "المتحدثة باسم الحكومة"}),
            ("رئيسة بلدية بيروت", {"role": "رئيسة بلدية بيروت"}),
            ("محافظ القاهرة", {"role": "محافظ القاهرة"}),
            ("قائد الشرطة", {"role": "قائد الشرطة"}),
            ("مسؤول لبناني لرويترز", {"role": "مسؤول لبناني", "addressee": "رويترز"}),
            ("مسؤولة حكومية", {"role": "مسؤولة حكومية"}),
            ("المتحدث باسم وزارة النقل", {"role": "المتحدث باسم وزارة النقل"}),
            ("الأمين العام للأمم المتحدة", {"role": "الأمين العام للأمم المتحدة"}),
            ("الرئيس الفرنسي للجزيرة", {"role": "الرئيس الفرنسي", "addressee": "الجزيرة"}),
        )
    ),
    *(
        (line, "sources", said, fields)
        for said, fields in (
            ("مصادر لرويترز", {"via": "رويترز"}),
            ("مصدر أمني للجزيرة", {"speaker": "مصدر أمني", "via": "الجزيرة"}),
            ("مصادر طبية لوكالة المثال", {"speaker": "مصادر طبية", "via": "وكالة المثال"}),
            ("مصادر لـرويترز", {"via": "رويترز"}),
            ("مصادر لـ رويترز", {"via": "رويترز"}),
            ("مصادر لـ«الجزيرة»", {"via": "الجزيرة"}),
            ('مصادر خاصة لـ"أخبار المثال"', {"speaker": "مصادر خاصة", "via": "أخبار المثال"}),
            ("مصادر فلسطينية", {"speaker": "مصادر فلسطينية"}),
            ("مصادر طبية", {"speaker": "مصادر طبية"}),
            ("مصدر حكومي", {"speaker": "مصدر حكومي"}),
            ("مصادر أمنية لبنانية", {"speaker": "مصادر أمنية لبنانية"}),
        )
        for line in (f"{said}: {{}}", f"{{}}، {said}", f"{{}} - {said}", f"{{}}، بحسب {said}", f"{{}} — وفق {said}.",
                     f"بحسب {said}، {{}}")
    ),
    ("{} - مصادر", "sources", "مصادر", {}),
    ("بيروت (رويترز) - {}", "agency", "بيروت (رويترز)", {"place": "بيروت", "outlet": "رويترز"}),
    ("بيروت 12 مارس (شينخوا) -- {}", "agency", "بيروت 12 مارس (شينخوا)", {"place": "بيروت", "outlet": "شينخوا"}),
    ("القاهرة، ١٢ آذار/مارس (أخبار المثال) — {}", "agency", "القاهرة، ١٢ آذار/مارس (أخبار المثال)",
     {"place": "القاهرة", "outlet": "أخبار المثال"}),
    ("بيروت/رويترز: {}", "agency", "بيروت/رويترز", {"place": "بيروت", "outlet": "رويترز"}),
    ("بيروت - رويترز: {}", "agency", "بيروت - رويترز", {"place": "بيروت", "outlet": "رويترز"}),
]  # fmt: skip
TAKEN = [(language, *row) for language, rows in (("en", ENGLISH), ("es", SPANISH), ("ar", ARABIC)) for row in rows]


@pytest.mark.parametrize(("language", "around", "kind", "shown", "fields"), TAKEN)
def test_an_editor_pastes_a_line_and_its_source_is_found_wherever_it_stands(
    language: str, around: str, kind: AttributionKind, shown: str, fields: dict[str, str]
) -> None:
    news = NEWS[language]
    assert parse(around.format(news), language, OUTLETS) == (Attribution(kind=kind, text=shown, **fields), news)


WHOLE = {
    "en": [
        # Scores and times.
        "Rovers 2: 1 City", "Rovers 2-1 City: cup holders out", "Rovers 2 - 1 City", "2-1: Rovers win the cup",
        "10:30: train leaves at last", "At 10: 30 trains leave", "Day 2: Rovers lead", "Final score: Rovers 3, City 3",
        "Rovers 3, City 0 - full time", "Stage 12, 204 km: rain expected",
        # Labels of a desk.
        "Live: ferry service resumes", "Breaking: ferry service resumes", "Watch: ferry leaves the harbour",
        "Update: ferry service resumes", "Update 2: ferry service resumes", "Just in: ferry service resumes",
        "Q&A: how the ferry sails", "Opinion: the ferry must sail", "Explainer: why the ferry stopped",
        "Analysis: what the ferry brings", "Exclusive: ferry service resumes", "Correction: ferry sails on Friday",
        "Photos: ferry in the storm", "In pictures: ferry in the storm", "Reporter's notebook: on the ferry",
        "Correspondent's diary: on the ferry", "Breaking - ferry service resumes", "LIVE — ferry service resumes",
        "BREAKING (Reuters) — ferry service resumes", "FACTBOX (AFP) - ferries of the coast",
        "WEATHER, 12 March — rain on the coast", "SPORT, 12 March — Rovers win", "NEW FILM, 12 March — premiere",
        "MARKETS, 3 May - shares fall again", "Minister's question time: live at noon",
        # Titles and names of things.
        "Mayor of Alder: the series returns", "The Correspondent: a film opens today", "President: a life in letters",
        "The Reporter: new novel wins prize", "Star Voyage: the lost moon", "Sources of the Alder: a walk upstream",
        "Hidden sources: the spring that feeds the Alder", "Port Vale: a town by the sea",
        "Foreign Minister Doe Resigns: markets fall", "Prime Minister Roe Dead: nation mourns",
        "Prime Minister: The Musical", "Prime Minister: new series begins",
        "Fire Chief: new game out today", "Deputy Prime Minister: cast named",
        "Transport Minister: who is next?", "BBC correspondent: is she safe?",
        # Quotes and links.
        '"We sail again": ferry operator is glad', "‘We sail again’: operator", "https://example.org/ferry: see more",
        "Ferry news at https://example.org/a, sources", "Operator: \"sources tell Reuters what they like\"",
        # Nearly a source.
        "Operator denies everything that sources tell Reuters", "Ferry resumes, sources", "Ferry resumes, Reuters",
        "Ferry resumes, police say", "Ferry resumes - Reuters", "Ferry resumes - police", "Ferry out, source code out",
        "Town opens new water sources", "Ferry resumes - energy sources", "Ferry resumes, energy sources say",
        "Who's prime minister: a quiz for the train",
        "Today's transport minister: a portrait",
        "Who closed the bridge, sources ask", "Will the ferry sail, sources tell Reuters?",
        "Sources: ferry service resumes", "Sources close to talks: ferry resumes", "Water sources: all closed",
        "Sources tell Nobody: ferry resumes", "Ferry resumes, sources tell Nobody", "Ferry, sources tell Reuters",
        "According to plan, ferry service resumes", "According to sources of the river, all is well",
        # Nearly a dateline.
        "PORT VALE — ferry service resumes", "PORT VALE: ferry service resumes", "JANE DOE (BBC) — award for a film",
        "Jane Doe (Reuters) - prize for a photo", "Alderton (Reuters) - ferry service resumes",
        "PORT VALE (Example Ferries) — service resumes", "PORT VALE (AP) ferry resumes", "PORT VALE (AP) — ferry",
        "GOAL (BBC) — Rovers lead City at last", "FULL TIME (BBC) — Rovers win", "TONIGHT (ITV) - a new ferry series",
        "NEW VIDEO (Reuters) - ferry in the storm", "CENTRAL BANK (Reuters) - rates stay", "OLD PHOTO (AP) — ferry",
        "ROVERS CITY (BBC) — a derby day", "DEEP STATE (AP) — a film opens", "NEW RULES, 12 March — ferries wait",
        "PORT VALE, 12 March: ferry service resumes", "ROVERS, 12 March — city parade planned",
        # Nearly a correspondent.
        "Former Example News correspondent: ferry resumes", "Example News correspondent freed: ferry brings her home",
        "Two Example News correspondents: ferry brought us home", "Example News's ferry: service resumes",
        "War correspondents in Port Vale: a meeting", "Correspondents: ferry service resumes",
        "Our correspondent Jane Doe in Port Vale: ferry resumes", "Example News correspondent in Chains: a trial",
        "Tomorrow's prime minister: the race begins", "Popular mayor: ferry resumes", "Old mayor: ferry resumes",
        "Mayor of Alder: ferry resumes", "Minister sacks council spokesman: row grows", "The Alder River: sources",
        "Jane Doe, missing since May: search ends", "Jane Doe, 42: ferry resumes", "Union leader: The Musical",
        "Fired club spokesman: ferry resumes", "New council spokesperson: ferry resumes", "Ferry resumes: sources",
        "Harbour Master: new game out today", "Port Vale official: ferry resumes", "Best officials: a ranking",
        "Our ferry: service resumes on Friday", "Our reporter's ferry: service resumes",
    ],
    "es": [
        "Rovers 2: 1 City", "Rovers 2-1 City: el campeón cae", "2-1: los Rovers ganan la copa", "10:30: sale el tren",
        "A las 10: 30 trenes salen", "Jornada 2: lideran los Rovers", "Resultado final: Rovers 3, City 3",
        "Última hora: vuelve el transbordador", "ÚLTIMA HORA: vuelve el transbordador", "En vivo: vuelve a zarpar",
        "EN VIVO - vuelve el transbordador", "En directo: vuelve a zarpar", "Urgente: vuelve a zarpar",
        "URGENTE (EFE) - vuelve el transbordador", "VÍDEO (EFE).- así vuelve el transbordador",
        "Vídeo: así zarpa el transbordador", "Video: así zarpa el transbordador", "Fotos: la tormenta en la costa",
        "Opinión: el transbordador debe zarpar", "Análisis: qué trae el transbordador", "Exclusiva: vuelve a zarpar",
        "Perfil: el capitán del transbordador", "Entrevista: el capitán habla", "Preguntas y respuestas: cómo zarpar",
        "Claves: por qué paró el transbordador", "Cronología: el día de la tormenta", "Corrección: zarpa el viernes",
        "Actualización: vuelve a zarpar", "Ampliación: vuelve a zarpar", "MERCADOS, 3 de mayo — caen las acciones",
        "DEPORTES, 12 de marzo — ganan los Rovers", "TIEMPO (EFE) — lluvia en la costa",
        "El corresponsal: una película de estreno", "Presidente: una vida en cartas", "El presidente: la serie vuelve",
        "El alcalde de Aliso: la serie vuelve", "Fuentes del Aliso: un paseo", "Fuentes: vuelve el transbordador",
        "Las fuentes: un pueblo y su agua", "Fuentes de agua: todas cerradas", "Fuentes de Reuters: vuelve a zarpar",
        "Puerto Vale: un pueblo junto al mar", "Viaje estelar: la luna perdida", "Ministro de Sanidad: ¿quién sigue?",
        "Presidente Ejemplo Dimite: caen las acciones", "El presidente francés: una biografía",
        "«Zarpamos de nuevo»: el capitán está feliz", "\"Zarpamos de nuevo\": habla el capitán",
        "“Zarpamos”: la frase del día", "https://example.org/es: más noticias", "Más en https://example.org/a, fuentes",
        "Vuelve a zarpar, fuentes", "Vuelve a zarpar, EFE", "Vuelve a zarpar - EFE", "Vuelve a zarpar, dice la policía",
        "Vuelve a zarpar, según la policía", "Vuelve a zarpar, según el plan", "Vuelve a zarpar - fuentes de energía",
        "Abren nuevas fuentes en Puerto Vale", "¿Vuelve a zarpar?, según fuentes", "Según el plan, vuelve a zarpar",
        "Según fuentes del río, todo sigue igual", "Zarpa, según fuentes médicas", "Zarpar hoy, según fuentes de Nadie",
        "PUERTO VALE — vuelve el transbordador", "PUERTO VALE: vuelve el transbordador",
        "ANA EJEMPLO (EFE) — premio a una película", "Ana Ejemplo (EFE).- premio a una foto",
        "LA FINAL (EFE) — ganan los Rovers", "EL TIEMPO (EFE) - lluvia en la costa", "LOS ROVERS, 3 de mayo — desfile",
        "FINAL (EFE) — ganan los Rovers", "NUEVO VÍDEO (Reuters) - la tormenta", "La Final (EFE).- ganan los Rovers",
        "PUERTO VALE (Naviera Ejemplo) — vuelve a zarpar", "PUERTO VALE, 12 de marzo: vuelve a zarpar",
        "Madrid, 12 de marzo — concierto en la plaza", "GOL (BBC) — Rovers 1, City 0",
        "Excorresponsal de Example News: vuelve a zarpar", "Corresponsal de guerra: vuelve a zarpar",
        "Los corresponsales: una historia", "Corresponsales en Puerto Vale: un encuentro",
        "Nuestro corresponsal herido: vuelve a zarpar", "El corresponsal de Example News herido: vuelve a casa",
        "El río Aliso: fuentes", "Vuelve a zarpar: fuentes de energía", "El alcalde de Nadie: la serie",
        "Ana Ejemplo, capitana: vuelve a zarpar", "Ana Ejemplo, ministra de Todo: vuelve a zarpar",
        "Mar Caribe (EFE) - vuelve a zarpar", "La Palma (Naviera Ejemplo).- vuelve a zarpar",
        "Nuestro puerto: vuelve el transbordador", "Corresponsal de Example News: ¿está a salvo?",
    ],
    "ar": [
        "روفرز 2: 1 سيتي", "روفرز 2-1 سيتي: حامل الكأس يخرج", "2-1: روفرز يفوز بالكأس", "10:30: القطار يغادر أخيرا",
        "١٠:٣٠: القطار يغادر أخيرا", "اليوم 2: روفرز في الصدارة", "النتيجة النهائية: روفرز 3 سيتي 3",
        "عاجل: العبارة تبحر من جديد", "عاجل | العبارة تبحر من جديد", "عاجل - العبارة تبحر من جديد",
        "خبر عاجل: العبارة تبحر من جديد", "مباشر: العبارة تبحر من جديد", "بث مباشر: العبارة تبحر من جديد",
        "شاهد: العبارة تغادر الميناء", "بالفيديو: العبارة تغادر الميناء", "فيديو: العبارة تغادر الميناء",
        "صور: العبارة في العاصفة", "رأي: العبارة يجب أن تبحر", "تحليل: ماذا تحمل العبارة", "حصري: العبارة تبحر من جديد",
        "تحديث: العبارة تبحر من جديد", "تصحيح: العبارة تبحر الجمعة", "سؤال وجواب: كيف تبحر العبارة",
        "مقابلة: قبطان العبارة يتحدث", "تقرير: العبارة في عام", "خاص: العبارة تبحر من جديد",
        "عاجل (رويترز) - العبارة تبحر من جديد", "الطقس، 12 مارس — أمطار على الساحل", "رياضة (رويترز) - روفرز يفوز",
        "المراسل: فيلم جديد في الصالات", "المراسلة: رواية تفوز بجائزة", "الرئيس: سيرة في رسائل",
        "الوزير: مسلسل يعود", "مصادر النهر: نزهة", "مصادر المياه: كلها مغلقة", "مصادر: العبارة تبحر من جديد",
        "منابع العاصي: نزهة في الجبل", "رحلة النجوم: القمر المفقود", "بيروت: مدينة على البحر",
        "وزير النقل: من التالي؟", "وزير النقل يستقيل: الأسهم تهبط", "وزير النقل: ما الذي تغير",
        "«نبحر من جديد»: قبطان العبارة سعيد", "\"نبحر من جديد\": القبطان يتحدث", "“نبحر”: عبارة اليوم",
        "https://example.org/ar: المزيد من الأخبار", "المزيد على https://example.org/a، مصادر",
        "العبارة تبحر، مصادر", "العبارة تبحر، رويترز", "العبارة تبحر - رويترز", "العبارة تبحر - الشرطة",
        "العبارة تبحر، الشرطة تقول", "العبارة تبحر بحسب الخطة", "العبارة تبحر، بحسب الخطة",
        "العبارة تبحر - مصادر الطاقة", "بيروت، 12 مارس — حفل على الساحل",
        "هل تبحر العبارة، مصادر لرويترز؟", "بحسب الخطة، العبارة تبحر من جديد", "البلدة تفتح مصادر مياه محلية",
        "بيروت — العبارة تبحر من جديد", "بيروت - العبارة تبحر من جديد", "زحلة (رويترز) - العبارة تبحر من جديد",
        "بيروت (شركة العبارات) - العبارة تبحر", "بيروت، 12 مارس: العبارة تبحر من جديد",
        "مراسل الجزيرة السابق: العبارة تبحر", "مراسل حرب: العبارة تبحر من جديد", "مراسلون في بيروت: لقاء اليوم",
        "مراسلو الحرب في بيروت: لقاء اليوم", "مراسل الجزيرة يصاب: العبارة تعود به", "المراسلون: العبارة تبحر من جديد",
        "محافظ البنك: العبارة تبحر", "مسؤول سابق: العبارة تبحر", "نهر العاصي: مصادر", "العبارة تبحر: مصادر",
        "مصادر لـلا أحد: العبارة تبحر", "مصادر لـ\"المياه\": العبارة تبحر", "رئيس بلدية: العبارة تبحر من جديد",
        "مراسلنا المصاب: العبارة تعود به", "مراسل الجزيرة: هل هو بخير؟", "مقتل مراسل الجزيرة: العالم يدين",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("language", "line"), [(language, line) for language in WHOLE for line in WHOLE[language]])
def test_an_editor_pastes_a_trap_and_the_line_stays_whole(language: str, line: str) -> None:
    assert parse(line, language, OUTLETS) is None


def test_each_language_has_its_sixty_lines() -> None:
    for language, whole in WHOLE.items():
        assert len(whole) >= 60
        assert len(set(whole)) == len(whole)
        assert sum(row[0] == language for row in TAKEN) >= 40


pieces = st.sampled_from(
    sorted({word for row in TAKEN for word in row[1].split()} | {"Reuters", "sources", "مصادر", "fuentes", "—", ","})
)
around = st.sampled_from([row[1] for row in TAKEN])
pasted = (
    st.builds(lambda form, news: form.format(news), around, st.lists(pieces, max_size=5).map(" ".join))
    | st.lists(pieces, max_size=9).map(" ".join)
    | st.builds(lambda form, news: form.format(news), around, st.text(max_size=30))
    | st.text(max_size=200)
).map(lambda raw: clean(raw).text)


@given(pasted, st.sampled_from(["en", "ar", "es"]))
@example("Ferry service resumes, sources tell Reuters", "en")
@example("PORT VALE (AP) — \u0301Ferry service resumes", "en")
def test_whatever_is_pasted_every_word_of_it_is_in_the_headline_or_in_the_source(line: str, language: str) -> None:
    parsed = parse(line, language, OUTLETS)
    if parsed is None:
        return
    attribution, headline = parsed
    assert attribution.text
    if f"{attribution.text}: {headline}" != line:
        opening, _, ending = line.partition(headline)
        rest = opening or ending
        assert line in (opening + headline, headline + ending)
        assert attribution.text.casefold() in rest.casefold()
        assert len(rest) - len(attribution.text) <= len(", según informaron .")
    for part in (attribution.text, headline):
        assert part == clean(part).text
    for value in (attribution.outlet, attribution.place, attribution.speaker, attribution.role):
        assert value is None or value in line
