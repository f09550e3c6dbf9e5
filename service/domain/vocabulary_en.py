"""English attributions.

The rule to remember: small letters are the proof. In "Example News correspondent in Oslo" they show that the large ones
begin names; a line in title case ("President Doe Resigns: …") proves nothing and stays whole. A dateline is the other
way round: there large letters are the form.
"""

from service.domain.vocabulary import DASH, Form, Vocabulary, large, one_of, opening

OUTLETS = (
    *("ABC", "AFP", "AP", "BBC", "CBC", "CBS", "CNN", "DW", "EFE", "ITV", "NBC", "NHK", "NPR", "PBS", "RTÉ"),
    *("Agence France-Presse", "Al Arabiya", "Al Jazeera", "Anadolu", "ANSA", "the Associated Press"),
    *("Bloomberg", "Associated Press", "dpa", "Euronews", "France 24", "Kyodo", "Le Monde", "Reuters"),
    *("Sky News", "TASS", "WAFA", "The Economist", "The Guardian", "the Guardian", "The Independent"),
    *("the Independent", "Xinhua", "Yonhap"),
)

# Of these, the agencies, whose datelines name towns that nobody knows.
AGENCIES = (
    *("AFP", "ANSA", "AP", "Anadolu", "Associated Press", "Bloomberg", "EFE", "Kyodo", "Reuters", "TASS", "WAFA"),
    *("Xinhua", "Yonhap", "dpa"),
)

# A name that holds one of these is an outlet's, whatever else it holds.
MEDIA_WORDS = (
    *("Broadcasting", "Bulletin", "Chronicle", "Courier", "Daily", "Dispatch", "Examiner", "FM", "Gazette"),
    *("Herald", "Inquirer", "Journal", "Media", "Network", "News", "News Agency", "Newspaper", "Observer", "Post"),
    *("Press", "Press Agency", "Radio", "Telegraph", "Television", "Times", "Tribune", "TV", "Weekly", "Wire"),
)

MEDIA_OPENINGS = ("Daily", "Radio", "TV")

# Words that open a line with a large letter and belong to no name; "-ed" and "-ing" are refused as endings.
NO_NAMES = (
    *("A", "An", "Another", "Bad", "Big", "Chief", "Dead", "Fake", "Good", "Ex", "Female", "Five", "Foreign"),
    *("Former", "Four", "Freelance", "Great", "Hurt", "Ill", "In", "Independent", "Late", "Local", "New", "No"),
    *("Old", "One", "Our", "Senior", "Sick", "Six", "Slain", "Star", "State", "That", "The", "This", "Three"),
    *("Top", "Two", "Veteran", "War", "When", "Why", "Young"),
)
# Places nobody reports from under that name alone.
NO_PLACES = (
    *("Brief", "Chains", "Conversation", "Court", "Custody", "Danger", "Exile", "Hiding", "Hospital", "Jail"),
    *("Numbers", "Peril", "Pictures", "Prison", "Quarantine", "Tears", "Trouble"),
)
# Words that begin and end places of several words.
PLACE_OPENINGS = (
    *("Abu", "Addis", "Buenos", "Burkina", "Cape", "Central", "Costa", "Dar es", "East", "Eastern", "El"),
    *("Fort", "Great", "Hong", "Kuala", "Lake", "Las", "Los", "Lower", "Mount", "New", "North", "Northern"),
    *("Old", "Port", "Puerto", "Rio", "Saint", "San", "Santa", "Santo", "Saudi", "São", "Sierra", "South"),
    *("Southern", "Sri", "St", "St.", "Tel", "United", "Upper", "West", "Western"),
)
PLACE_ENDINGS = (
    *("Airport", "Bank", "Bay", "Beach", "City", "Coast", "County", "Creek", "DC", "Delta", "District", "Falls"),
    *("Harbor", "Harbour", "Heights", "Hill", "Hills", "Island", "Islands", "Lake", "Mountains", "Peninsula"),
    *("Province", "Region", "Republic", "River", "Springs", "State", "Strip", "Town", "Valley", "Village"),
)
SIDES = ("central", "eastern", "northern", "occupied", "southern", "western")
# Words that begin the name of a place in a dateline ("PORT VALE, 12 March — …"), where hardly anything else shows that
# it is one: not "NEW VIDEO (Reuters) — …" …
DATELINE_OPENINGS = (
    *("ABU", "ADDIS", "BUENOS", "CAPE", "EL", "FORT", "HONG", "KUALA", "LAS", "LOS", "MOUNT", "PORT", "PUERTO"),
    *("RIO", "SAINT", "SAN", "SANTA", "SANTO", "SÃO", "ST", "ST.", "TEL"),
)
# … and places that stand there alone.
DATELINE_PLACES = (
    *("AMMAN", "AMSTERDAM", "ANKARA", "ATHENS", "BAGHDAD", "BANGKOK", "BEIJING", "BEIRUT", "BERLIN", "BOGOTA"),
    *("BOGOTÁ", "BRASILIA", "BRUSSELS", "CAIRO", "CANBERRA", "CARACAS", "CHICAGO", "COPENHAGEN", "DAKAR"),
    *("DAMASCUS", "DELHI", "DHAKA", "DOHA", "DUBAI", "DUBLIN", "GAZA", "GENEVA", "HAVANA", "HELSINKI"),
    *("ISLAMABAD", "ISTANBUL", "JAKARTA", "JERUSALEM", "JOHANNESBURG", "KABUL", "KHARTOUM", "KYIV", "LAGOS"),
    *("LIMA", "LISBON", "LONDON", "MADRID", "MANILA", "MEXICO CITY", "MOSCOW", "MUMBAI", "NAIROBI"),
    *("NEW DELHI", "NEW YORK", "OSLO", "OTTAWA", "PARIS", "PRAGUE", "QUITO", "RABAT", "RAMALLAH", "RIYADH"),
    *("ROME", "SANTIAGO", "SEOUL", "SINGAPORE", "STOCKHOLM", "SYDNEY", "TEHRAN", "TOKYO", "TORONTO"),
    *(
        "TRIPOLI",
        "TUNIS",
        "VIENNA",
        "WARSAW",
        "WASHINGTON",
        "GAZA CITY",
        "GUATEMALA CITY",
        "KUWAIT CITY",
        "NEW ORLEANS",
        "PANAMA CITY",
        "VATICAN CITY",
    ),
)
TOWN_ENDINGS = ("Bay", "Beach", "Falls", "Harbor", "Harbour", "Heights", "Island", "Springs")
# Words in large letters that begin a line and are no place.
NO_DATELINES = (
    *("ADVISORY", "ALERT", "ANALYSIS", "BREAKING", "BRIEF", "COLUMN", "CORRECTED", "CORRECTION", "DEVELOPING"),
    *("EXCLUSIVE", "EXPLAINER", "FACTBOX", "FEATURE", "FINAL", "GOAL", "PROFILE", "RESULTS", "TODAY", "TONIGHT"),
    *("FLASH", "GRAPHIC", "INSIGHT", "INTERVIEW", "JUST", "LIVE"),
    *("MARKETS", "NEWS", "OBITUARY", "OPINION", "PHOTO", "PHOTOS", "PICTURES", "POLL", "PREVIEW", "QUOTES"),
    *("RECAP", "REFILE", "REPORT", "REVIEW", "SNAP", "SPORT", "SPORTS", "TEXT", "TIMELINE", "UPDATE", "URGENT"),
    *("VIDEO", "WATCH", "WEATHER", "WRAPUP"),
)

DESKS = (
    *("Africa", "Asia", "Europe", "Middle East", "business", "chief", "climate", "court", "crime", "culture"),
    *("defence", "diplomatic", "economics", "education", "energy", "environment", "foreign", "health", "legal"),
    *("political", "science", "security", "senior", "space", "special", "sports", "technology", "transport"),
    *("war", "weather"),
)

PORTFOLIOS = (
    *("agriculture", "communications", "culture", "defence", "defense", "economy", "education", "energy"),
    *("environment", "finance", "foreign", "foreign affairs", "health", "home affairs", "housing"),
    *("information", "interior", "justice", "labour", "oil", "science", "sports", "tourism", "trade"),
    *("transport", "water"),
)
OFFICIALS = ("EU", "NATO", "UN", "defence", "government", "health", "military", "security")
SECRETARIES = ("defence", "defense", "education", "foreign", "health", "home", "transport")
BODIES = (
    *("UN", "EU", "NATO", "White House", "army", "coastguard", "coast guard", "fire service"),
    *("foreign ministry", "government", "health ministry", "interior ministry", "defence ministry", "military"),
    *("palace", "parliament", "police", "transport ministry"),
)
SPOKES = ("spokesperson", "spokesman", "spokeswoman")

# What a spokesperson may speak for, whatever its name: "Port Vale council spokesperson".
BODY_NOUNS = (
    *("agency", "airport", "association", "authority", "brigade", "club", "commission", "committee", "company"),
    *("council", "court", "department", "embassy", "federation", "ferry operator", "fire service", "hospital"),
    *("ministry", "office", "operator", "party", "rail operator", "service", "union", "university"),
)
# Roles of several words: they need neither a name nor a country to be recognised.
ROLES = (
    *("prime minister", "deputy prime minister", "secretary of state", "UN secretary-general"),
    *("NATO secretary-general", "fire chief", "police chief", "harbor master", "harbour master"),
    *("opposition leader", "union leader"),
    *(f"minister {of} {portfolio}" for of in ("of", "for") for portfolio in PORTFOLIOS),
    *(f"{portfolio} minister" for portfolio in PORTFOLIOS),
    *(f"{portfolio} secretary" for portfolio in SECRETARIES),
    *(f"{body} {spokes}" for body in BODIES for spokes in SPOKES),
)
# Of these, what a film or a game may be called: in large letters they need a country.
ALSO_TITLES = (
    *("prime minister", "deputy prime minister", "secretary of state", "fire chief", "police chief"),
    *("harbor master", "harbour master", "opposition leader", "union leader"),
)
# Roles certain behind a name and a comma: "Jane Doe, head coach: …".
APPOSED = (
    *("captain", "chair", "chairman", "chairwoman", "chief executive", "coach", "director", "head coach"),
    *("meteorologist", "minister", *SPOKES),
)
# Roles of one word: certain only with a name beside them or a country before them.
TITLES = ("president", "vice-president", "chancellor", "governor", "mayor", "ambassador")

DEMONYMS = (
    *("Afghan", "Algerian", "American", "Argentine", "Australian", "Austrian", "Bahraini", "Bangladeshi"),
    *("Belgian", "Brazilian", "British", "Canadian", "Chilean", "Chinese", "Colombian", "Cuban", "Czech"),
    *("Danish", "Dutch", "Egyptian", "Emirati", "Ethiopian", "Finnish", "French", "German", "Greek"),
    *("Hungarian", "Indian", "Indonesian", "Iranian", "Iraqi", "Irish", "Israeli", "Italian", "Japanese"),
    *("Jordanian", "Kenyan", "Kuwaiti", "Lebanese", "Libyan", "Malaysian", "Mexican", "Moroccan", "Nigerian"),
    *("Norwegian", "Omani", "Pakistani", "Palestinian", "Peruvian", "Polish", "Portuguese", "Qatari"),
    *("Romanian", "Russian", "Saudi", "Senegalese", "Somali", "Spanish", "South African", "South Korean"),
    *("Sudanese", "Swedish", "Swiss", "Syrian", "Thai", "Tunisian", "Turkish", "UK", "US", "Ukrainian"),
    *("Venezuelan", "Vietnamese", "Yemeni"),
)

SOURCES = (
    *("diplomatic", "government", "hospital", "intelligence", "judicial", "medical", "military", "official"),
    *("police", "political", "security"),
)

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December", "Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec"),
    *("Jan.", "Feb.", "Mar.", "Apr.", "Jun.", "Jul.", "Aug.", "Sep.", "Sept.", "Oct.", "Nov.", "Dec."),
)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

NO_COUNTRIES = (
    *("Anyone", "Everyone", "He", "Here", "How", "It", "Nobody", "One", "She", "Someone", "That", "There", "Today"),
    *("Tomorrow", "What", "Where", "Who", "Yesterday"),
)
NOT_SAID = (
    *("a", "an", "explained", "explainer", "how", "in", "inside", "live", "obituary", "profile", "the"),
    *("timeline", "video", "watch", "what", "when", "where", "which", "who", "why"),
)

_NAME_WORD = r"\p{Lu}[\p{L}\p{M}'’.-]*+"
# One word, unless a table or a particle joins more: in "correspondent in Oslo Jane Doe" a person follows the place.
_PLACE_WORD = rf"(?:[Aa]l-)?{_NAME_WORD}"
_PLACE = (
    rf"(?!{one_of(NO_PLACES)}\b)(?:the )?(?:{one_of(SIDES)} )?(?:{one_of(PLACE_OPENINGS)} )?{_PLACE_WORD}"
    rf"(?: (?:of|de|del|da|do)(?: the| la| los)? {_PLACE_WORD})?(?: {one_of(PLACE_ENDINGS)})?"
)
# Two names, so that "Foreign minister Doe Resigns" stays outside; particles belong to the second.
_PERSON = rf"{_NAME_WORD} (?:(?:al-|bin |de |van |von |da |di )+)?{_NAME_WORD}"
_NO_NAME = rf"(?!{one_of(NO_NAMES)}\b|\p{{Lu}}\p{{L}}*(?:ed|ing)\b)"
_MEDIA = one_of(MEDIA_WORDS)
# A media word alone is no name ("TV reporter"), and it ends one: "Coastal Radio Oslo" is a name and a desk.
_UNKNOWN_OUTLET = (
    rf"(?:(?:[Tt]he )?{_NO_NAME}(?:(?:{_NAME_WORD} ){{1,3}}{_MEDIA}|{one_of(MEDIA_OPENINGS)} {_NAME_WORD})"
    rf"|[Tt]he {_MEDIA})"
)
_OFFICES = (*ROLES, *TITLES)
_ROLE = rf"(?:{one_of(opening(ROLES))}|{one_of(DEMONYMS)} {one_of(_OFFICES)})"
# "Norway's transport minister"; what is nobody's country stands in a table.
_COUNTRYS_ROLE = (
    rf"(?:The )?(?!{one_of(NO_COUNTRIES)}['’])(?:{_NAME_WORD} )?\p{{Lu}}[\p{{L}}.-]+['’]s {one_of(_OFFICES)}"
)
# In large letters throughout an office is certain only by itself; with a name it may be "Foreign Minister Doe Resigns".
_OFFICIAL = rf"(?:{one_of((*DEMONYMS, *opening(OFFICIALS)))}|Senior {one_of((*DEMONYMS, *OFFICIALS))})"
_LARGE_ROLE = (
    rf"(?:{one_of(large(role for role in ROLES if role not in ALSO_TITLES))}"
    rf"|{one_of(DEMONYMS)} {one_of(large(_OFFICES))})"
)

_BODY = rf"(?:(?:{_NO_NAME}{_NAME_WORD} ){{1,3}}{one_of(BODY_NOUNS)}|{one_of(opening(BODY_NOUNS))})"
# A town certain by its own words, so that a small "mayor" behind it is an office.
_TOWN = (
    rf"(?:{one_of(name.title() for name in DATELINE_OPENINGS)} {_NAME_WORD}|{_NAME_WORD} {one_of(TOWN_ENDINGS)}"
    rf"|{one_of(name.title() for name in DATELINE_PLACES)})"
)
_CAPITALS = r"\p{Lu}[\p{Lu}\p{M}'’.-]+"
_DATE = rf"(?:{one_of(WEEKDAYS)}|[0-9]{{1,2}} {one_of(MONTHS)}|{one_of(MONTHS)} [0-9]{{1,2}})(?:,? [0-9]{{4}})?"
_NO_LABEL = rf"(?!{one_of(NO_DATELINES)}\b)"
_CERTAIN_DATELINE = rf"(?:{one_of(DATELINE_PLACES)}|{one_of(DATELINE_OPENINGS)} {_CAPITALS})"
_FILED_FROM = rf"(?:{_CERTAIN_DATELINE}|{_CAPITALS} {one_of(word.upper() for word in TOWN_ENDINGS)})"
_KNOWN_CITY = one_of(name.title() for name in DATELINE_PLACES)


def _forms(names: tuple[str, ...]) -> tuple[Form, ...]:
    known = one_of(names)
    outlet = rf"(?:(?:[Tt]he )?{known}|{_UNKNOWN_OUTLET})"
    desk = rf"(?: {one_of(DESKS)}){{0,2}}"
    people = r"(?:correspondent|reporter)s?"
    to_outlet = rf"(?: to (?P<addressee>{outlet}))?"
    of_kind = rf"(?:(?:{one_of(DEMONYMS)} )?{one_of(SOURCES)}|{one_of(DEMONYMS)})"
    qualified = rf"(?P<speaker>(?:{one_of(DEMONYMS)}(?: {one_of(SOURCES)})?|{one_of(opening(SOURCES))}) sources?)"
    counted = "(?:an?|two|three|four|five|several|multiple)"
    small_sources = rf"(?:{counted} )?(?:sources?|(?P<speaker>{of_kind} sources?))"
    in_place = rf"(?: (?:in|from) (?P<place>{_PLACE}))?"
    in_country, dated = rf"(?:, {_NAME_WORD})?", rf"(?:, {_DATE})?"
    told = rf"(?:tells?|told|to) (?P<via>{outlet})"
    behind_a_name = one_of((*_OFFICES, *large(_OFFICES), *APPOSED))
    return (
        Form(
            "correspondent",
            rf"(?:The )?(?P<outlet>{outlet})(?:['’]s?)?{desk} {people}{in_place}",
        ),
        Form("correspondent", rf"(?:Correspondent|Reporter) for (?P<outlet>{outlet}){in_place}"),
        Form("correspondent", rf"Our{desk} {people}{in_place}"),
        Form("correspondent", rf"Correspondent in (?P<place>{_PLACE})"),
        Form("sources", rf"(?:Sources?|{qualified}) {told}"),
        Form("sources", rf"(?P<via>{outlet}), citing (?:{of_kind} )?sources"),
        Form("sources", qualified),
        Form("agency", rf"(?P<outlet>{known}) news agency"),
        Form("official", rf"(?P<role>{_ROLE}|{_LARGE_ROLE}|{_COUNTRYS_ROLE}){to_outlet}"),
        Form("official", rf"(?P<role>{_ROLE}) (?P<speaker>{_PERSON}){to_outlet}"),
        Form("official", rf"(?P<role>{_TOWN} (?:mayor|governor))(?: (?P<speaker>{_PERSON}))?{to_outlet}"),
        Form("official", rf"(?:The )?(?P<role>(?:Mayor|Governor|mayor|governor) of {_TOWN}){to_outlet}"),
        Form("official", rf"(?P<role>{_OFFICIAL} official){to_outlet}"),
        Form("official", rf"(?P<role>{_BODY} {one_of(SPOKES)})(?: (?P<speaker>{_PERSON}))?{to_outlet}"),
        Form("official", rf"(?P<role>{one_of(opening(SPOKES))} for (?:the )?{one_of(BODIES)}){to_outlet}"),
        Form(
            "official",
            rf"(?P<speaker>{_PERSON}), (?P<role>{behind_a_name}(?: of {_PLACE})?){to_outlet}",
        ),
        Form(
            "agency",
            rf"(?P<said>(?:(?P<place>{_FILED_FROM}(?:/{_CAPITALS})?){in_country}{dated}|(?P<place>{_KNOWN_CITY})"
            rf"|(?P<place>{_PLACE}), {_DATE}) "
            rf"\((?P<outlet>{outlet})\)){DASH}",
            "opening",
        ),
        # Beside an agency one unknown word in capitals is a place too; two may be a person.
        Form(
            "agency",
            rf"(?P<said>(?P<place>{_NO_LABEL}{_CAPITALS}){in_country}{dated} \((?P<outlet>{one_of(AGENCIES)})\)){DASH}",
            "opening",
        ),
        Form("correspondent", rf"(?P<said>(?P<place>{_CERTAIN_DATELINE}){in_country}, {_DATE}){DASH}", "opening"),
        Form("sources", rf"According to (?P<said>(?P<speaker>{of_kind} sources)), ", "opening"),
        Form("sources", rf"(?:, |{DASH})(?P<said>{small_sources} {told})\.?", "end"),
        Form("sources", rf"(?:, |{DASH})(?P<said>{small_sources}) (?:says?|said)\.?", "end"),
        Form("sources", rf", according to (?P<said>{small_sources})\.?", "end"),
        # By a colon alone they may be a heading: "The Alder: sources".
        Form("sources", rf"{DASH}(?P<said>{small_sources})\.?|: (?P<said>(?P<speaker>{of_kind} sources?))\.?", "end"),
        Form("sources", rf", say (?P<said>{small_sources})\.?", "end"),
    )


ENGLISH = Vocabulary(
    outlets=OUTLETS,
    forms=_forms,
    not_said=frozenset(NOT_SAID),
    same_letters={},
    called=str,
)
