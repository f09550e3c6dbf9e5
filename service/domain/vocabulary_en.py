"""English attributions.

The rule to remember: small letters are the proof. In "Example News correspondent in Oslo" they show that the large ones
begin names; a line in title case ("President Doe Resigns: …") proves nothing and stays whole.
"""

from service.domain.vocabulary import Form, Vocabulary, one_of, opening

OUTLETS = (
    *("ABC", "AFP", "AP", "BBC", "CBC", "CBS", "CNN", "DW", "EFE", "ITV", "NBC", "NHK", "NPR", "PBS", "RTÉ"),
    *("Agence France-Presse", "Al Arabiya", "Al Jazeera", "Anadolu", "ANSA", "the Associated Press"),
    *("Bloomberg", "Associated Press", "dpa", "Euronews", "France 24", "Kyodo", "Le Monde", "Reuters"),
    *("Sky News", "TASS", "WAFA", "The Economist", "The Guardian", "the Guardian", "The Independent"),
    *("the Independent", "Xinhua", "Yonhap"),
)

# A name that holds one of these is an outlet's, whatever else it holds.
MEDIA_WORDS = (
    *("Broadcasting", "Chronicle", "Daily", "FM", "Gazette", "Herald", "Journal", "News", "Newspaper", "Post"),
    *("Press", "Radio", "Telegraph", "Television", "Times", "Tribune", "TV", "Weekly"),
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
    *("Court", "Custody", "Danger", "Exile", "Hiding", "Hospital", "Jail", "Pictures", "Prison", "Tears"),
    *("Trouble",),
)
# Words that begin and end places of several words.
PLACE_OPENINGS = (
    *("Abu", "Addis", "Buenos", "Burkina", "Cape", "Central", "Costa", "Dar es", "East", "El", "Great", "Hong"),
    *("Kuala", "Las", "Los", "Mount", "New", "North", "Northern", "Port", "Puerto", "Rio", "San", "Santa"),
    *("Santo", "Saudi", "São", "Sierra", "South", "Southern", "Sri", "St", "St.", "Tel", "United", "Upper"),
    *("West", "Western"),
)
PLACE_ENDINGS = (
    *("Bank", "City", "Coast", "County", "DC", "Delta", "Island", "Islands", "Peninsula", "Province"),
    *("Republic", "Region", "State", "Strip", "Valley"),
)

DESKS = (
    *("Africa", "Asia", "Europe", "Middle East", "business", "culture", "defence", "diplomatic", "economics"),
    *("education", "environment", "health", "political", "science", "sports", "technology", "transport"),
)

PORTFOLIOS = (
    *("agriculture", "communications", "culture", "defence", "defense", "economy", "education", "energy"),
    *("environment", "finance", "foreign", "foreign affairs", "health", "home affairs", "housing"),
    *("information", "interior", "justice", "labour", "oil", "science", "sports", "tourism", "trade"),
    *("transport", "water"),
)
SECRETARIES = ("defence", "education", "foreign", "health", "home", "transport")
BODIES = (
    *("UN", "EU", "NATO", "White House", "army", "coastguard", "coast guard", "fire service"),
    *("foreign ministry", "government", "health ministry", "interior ministry", "defence ministry", "military"),
    *("palace", "parliament", "police", "transport ministry"),
)
SPOKES = ("spokesperson", "spokesman", "spokeswoman")

# Roles of several words: they need neither a name nor a country to be recognised.
ROLES = (
    *("prime minister", "deputy prime minister", "UN secretary-general", "NATO secretary-general"),
    *(f"{portfolio} minister" for portfolio in PORTFOLIOS),
    *(f"{portfolio} secretary" for portfolio in SECRETARIES),
    *(f"{body} {spokes}" for body in BODIES for spokes in SPOKES),
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

NOT_SAID = (
    *("a", "an", "explained", "explainer", "how", "in", "inside", "live", "obituary", "profile", "the"),
    *("timeline", "video", "watch", "what", "when", "where", "which", "who", "why"),
)

_NAME_WORD = r"\p{Lu}[\p{L}\p{M}'’.-]*+"
# One word, unless a table or a particle joins more: in "correspondent in Oslo Jane Doe" a person follows the place.
_PLACE_WORD = rf"(?:[Aa]l-)?{_NAME_WORD}"
_PLACE = (
    rf"(?!{one_of(NO_PLACES)}\b)(?:the )?(?:{one_of(PLACE_OPENINGS)} )?{_PLACE_WORD}"
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
_ROLE = rf"(?:{one_of(opening(ROLES))}|{one_of(DEMONYMS)} {one_of((*ROLES, *TITLES))})"


def _forms(names: tuple[str, ...]) -> tuple[Form, ...]:
    known = one_of(names)
    outlet = rf"(?:{known}|{_UNKNOWN_OUTLET})"
    desk = rf"(?: {one_of(DESKS)})?"
    to_outlet = rf"(?: to (?P<addressee>{outlet}))?"
    sources = rf"(?:Sources|(?P<speaker>{one_of(opening(SOURCES))} sources))"
    return (
        Form(
            "correspondent",
            rf"(?:The )?(?P<outlet>{outlet}){desk} (?:correspondent|reporter)(?: in (?P<place>{_PLACE}))?",
        ),
        Form("correspondent", rf"Our{desk} (?:correspondent|reporter)(?: in (?P<place>{_PLACE}))?"),
        Form("correspondent", rf"Correspondent in (?P<place>{_PLACE})"),
        Form("sources", rf"{sources} to (?P<via>{outlet})"),
        Form("sources", rf"(?P<via>{outlet}), citing (?:{one_of(SOURCES)} )?sources"),
        Form("sources", rf"(?P<speaker>{one_of(opening(SOURCES))} sources)"),
        Form("agency", rf"(?P<outlet>{known}) news agency"),
        Form("official", rf"(?P<role>{_ROLE}){to_outlet}"),
        Form("official", rf"(?P<role>{_ROLE}) (?P<speaker>{_PERSON}){to_outlet}"),
        Form("official", rf"(?P<speaker>{_PERSON}), (?P<role>{one_of((*ROLES, *TITLES))}(?: of {_PLACE})?)"),
    )


ENGLISH = Vocabulary(
    outlets=OUTLETS,
    forms=_forms,
    not_said=frozenset(NOT_SAID),
    same_letters={},
    called=str,
)
