"""How the meanings of words relate: what matters, what is the opposite of what, what makes other news of an event.

The rule to remember: the names are those of the lexicons, the same in every language. A meaning that stands in no table
here is simply something that one line says and the other must not contradict.
"""

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOFT = _names("""hit happen say officials alert-label big small people near place-noun magnitude least now cause use new
    first-mark historic will by to from and between against before after several company""")
"""Words that come and go when a line is put in other words."""

TURNS = _names("""aftershock kill injure missing toll rescue evacuate trapped survivor hospital victim
    delay cancel divert extend spread contain weaken strengthen approach expect may plan urge threaten fear try warn
    alert deny refuse fail apologise condemn welcome mourn respond visit search investigate repair another again
    compensate aid charge sentence convict acquit trial accuse sue arrest release end resume suspend reject lift
    eliminate retire lose""")
"""What makes other news of the same event, where only one of two lines says it."""

COUNTED = _names("kill injure missing arrest rescue evacuate trapped hospital layoff")
"""Whose number is the news itself."""

_PAIRS = """close open, close resume, suspend resume, cancel resume, begin end, begin suspend, begin cancel,
    begin resume,
    up down, up hold, down hold, win lose, win draw, lose draw, qualify eliminate, pass reject, arrest release,
    convict acquit, confirm deny, launch land, takeoff land, arrive depart, buy sell, ban allow, appoint sack,
    appoint resign, high low, weaken strengthen, contain spread, extend end, ban lift, begin delay, launch delay,
    launch cancel, open delay, hold-talks cancel, sign reject, accept reject, missing find, find search, export import,
    profit loss, hire layoff, rescue kill, continue end, continue suspend, impose lift, import-tax lift"""
_opposites: dict[str, set[str]] = {}
for _pair in _PAIRS.split(","):
    _one, _other = _pair.split()
    _opposites.setdefault(_one, set()).add(_other)
    _opposites.setdefault(_other, set()).add(_one)
OPPOSITES: Mapping[str, frozenset[str]] = {name: frozenset(others) for name, others in _opposites.items()}
"""What cannot be said of the same thing at once."""

_AXES = {
    "place": "north south east west northeast northwest southeast southwest",
    "day": "monday tuesday wednesday thursday friday saturday sunday",
    "month": "january february march-month april may-month june july august september october november december",
    "season-of-year": "spring summer autumn winter",
    "time": "yesterday today tomorrow",
    "part-of-day": "morning noon afternoon evening night midnight",
    "span": "second-unit minute hour day week month quarter year decade century",
    "length": "km mile metre foot cm inch",
    "speed": "kmh mph",
    "money": "dollar euro pound-money yen yuan",
    "number": "dozens hundreds thousands millions",
    "colour": "red orange yellow amber green",
    "class": "mens womens",
    "side": "left-side right-side",
    "ring": "inner outer",
    "order": "before after",
}
AXES: Mapping[str, str] = {name: axis for axis, names in _AXES.items() for name in names.split()}
"""Values of which two lines that name different ones are about different things; one of them may leave it unsaid."""
AXIS_TOLERANT = _names("order span")
"""Axes on which two lines may well name different values, as long as one of them names both."""

_CLASSES = """factory hotel museum school hospital warehouse house stadium church library tower mine dam office mall
        theatre prison-building market-hall clinic university
    train bus truck car plane ferry ship boat tram metro helicopter
    airport station port bridge tunnel road runway dam
    quake tsunami storm tornado flood fire wildfire explosion landslide avalanche outage volcano fog snow ice heat cold
        wind rain drought
    oil gold gas silver copper wheat share coffee sugar
    president pm minister finance-minister foreign-minister health-minister interior-minister mayor governor ceo
        finance-chief king queen coach-person captain
    final semi-final quarter-final group-stage
    parliament senate government court council central-bank
    inflation unemployment economy profit revenue export import rate price wage
    kill injure missing rescue arrest
    man woman boy girl
    driver pilot nurse doctor teacher student firefighter police worker farmer
    rocket satellite spacecraft telescope
    moon mars sun
    cup league title
    tax budget law strategy sanction tariff
    goal penalty red-card"""
CLASSES: Mapping[str, frozenset[int]] = {
    name: frozenset(
        number
        for number, members in enumerate(_CLASSES.replace("\n        ", " ").splitlines())
        if name in members.split()
    )
    for name in _CLASSES.split()
}
"""Of two things of one class that stand in place of each other, one is not the other."""

_NEAR = """wildfire fire, ferry ship, boat ship, boat ferry, bus vehicle, truck vehicle, car vehicle, derail crash,
    tornado storm, boy child, girl child, baby child, plane flight, takeoff depart, takeoff launch, tower building,
    house building, hotel building, school building, factory building, warehouse building, finance-minister minister,
    foreign-minister minister, health-minister minister, interior-minister minister, central-bank bank, layoff job,
    space-station station, share market, transfer sign, launch begin, open begin, close end, cancel end, cancel suspend,
    cancel close, close suspend, aground trapped, drop down, drop cancel, lift up, lift end, claim win, strike walkout,
    strike hit, resign end, dock arrive, astronaut crew, landslide collapse, land arrive, spacecraft satellite,
    storm wind, storm rain, rain flood, snow storm, economy growth, growth up, sack end, kill victim, police officer,
    find discover, council city-hall, government minister, cup final, tournament championship, champion win,
    champion title, begin resume-talks, record high, record low, evacuate flee, protest rally, walkout protest,
    block close, block suspend, emergency alert, alert warn, ban block, deal sign, accept pass, company maker,
    player striker, wounded injure, approach near, lead overtake, worker staff, reject block, cut down, cut outage,
    man people, woman people, child people, depart launch, school student"""
NEAR: frozenset[frozenset[str]] = frozenset(frozenset(pair.split()) for pair in _NEAR.split(","))
"""Words of which one may stand in the place of the other: the wider and the narrower, and what comes to the same."""

DIRECTED = _names("win buy sue accuse arrest attack replace overtake visit invade sack condemn sell welcome lead")
"""Who does it to whom is the news."""

EVENTS = _names("launch land arrive depart begin end win lose hit meet dock takeoff erupt open resume")
"""What is other news when it has happened than while it was ahead."""

HAZARDS = _names("""quake tsunami storm tornado flood fire wildfire explosion landslide avalanche crash derail attack
    outage""")
"""Of which a new one is another one."""

HARMLESS = _names("injure kill damage tsunami victim toll hospital warn alert people")
"""What a line may add that there was none of."""
