"""How the meanings of words relate: what matters, what is the opposite of what, what makes other news of an event.

The rule to remember: the names are those of the lexicons, the same in every language. A meaning that stands in no table
here is simply something that one line says and the other must not contradict.
"""

from collections.abc import Mapping
from itertools import combinations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOFT = _names("""hit happen say officials alert-label big small people near place-noun magnitude least now cause use new
    historic will by to from and between against before after several company key see as""")
"""Words that come and go when a line is put in other words."""

TURNS = _names("""aftershock kill injure missing toll rescue evacuate survivor lose-contact hospital victim delay cancel
    divert extend spread contain weaken strengthen approach expect may plan urge threaten fear try warn
    alert deny refuse fail apologise condemn welcome mourn respond visit search investigate repair
    another again compensate aid charge sentence convict acquit trial accuse sue arrest release end
    resume suspend reject lift eliminate retire lose refloat up down hold withdraw slow find uphold
    strike-down raise-or-lift
    detain-or-stop""")
"""What makes other news of the same event, where only one of two lines says it."""

TOLL = _names("toll kill")
RISEN = _names("up toll kill arrive qualify")
"""How many have died is a number; that it has risen to it is said or not."""

LIGHT = _names("""approach expect may plan warn alert fear again find search up down hold strengthen weaken slow
    investigate urge visit hospital""")
"""Of these, what is only a detail where both lines agree on what has happened."""

BACKGROUND = _names("after before as")
"""What follows is not the news itself."""

MODALS = _names("expect may plan urge threaten fear warn")
"""What is only to be; which of these words says so matters less."""

EXTREMES = {"low": _names("down descend"), "high": _names("up"), "record": _names("up")}
"""Who has got there has gone that way, said or not."""

COUNTED = _names("kill injure missing arrest rescue evacuate trapped hospital layoff")
"""Whose number is the news itself."""

_PAIRS = """accept reject, candidate withdraw, close open, strike-down uphold, leave arrive, close resume, suspend
    resume, cancel resume, begin end, begin suspend, begin cancel, begin resume, up down, up hold, down hold,
    win lose, win draw, lose draw, qualify eliminate, pass reject, arrest release, convict acquit, launch land,
    takeoff land, arrive depart, buy sell, ban allow, appoint sack, appoint resign, high low, weaken strengthen,
    contain spread, extend end, ban lift, begin delay, launch delay, launch cancel, open delay, sign reject,
    missing find, find search, export import, rescue kill, continue end, continue suspend, descend launch,
    descend takeoff, win qualify"""
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
    "sequence": "first-mark last",
    "order": "before after",
}
AXES: Mapping[str, str] = {name: axis for axis, names in _AXES.items() for name in names.split()}
"""Values of which two lines that name different ones are about different things; one of them may leave it unsaid."""
AXIS_TOLERANT = _names("order span")
"""Axes on which two lines may well name different values, as long as one of them names both."""

_CLASSES = """factory hotel museum school hospital warehouse house stadium church library tower mine dam office mall
        theatre clinic university
    train bus truck car plane ferry ship boat tram metro helicopter
    airport station port bridge tunnel road dam
    quake tsunami storm tornado flood fire wildfire explosion landslide avalanche outage volcano fog snow ice
        heat cold wind rain
    oil gold gas silver copper wheat share coffee sugar
    president pm minister finance-minister foreign-minister health-minister interior-minister mayor governor ceo
        finance-chief king queen coach-person captain
    final semi-final quarter-final
    parliament senate government court council central-bank
    inflation unemployment economy profit revenue export import rate price
    kill injure missing rescue arrest
    man woman boy girl
    driver pilot nurse doctor teacher student firefighter police worker farmer
    rocket satellite spacecraft telescope
    moon mars sun
    passenger freight
    cup league title
    tax budget law strategy sanction
    goal penalty"""
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
    tornado storm, boy child, girl child, baby child, plane flight, takeoff depart, takeoff launch, tower
    building, house building, hotel building, school building, factory building, warehouse building,
    finance-minister minister, foreign-minister minister, health-minister minister, interior-minister minister,
    central-bank bank, layoff job, space-station station, share market, transfer sign, launch begin, open begin,
    close end, cancel end, cancel suspend, cancel close, close suspend, aground trapped, drop down, drop cancel,
    lift up, lift end, claim win, strike walkout, strike hit, resign end, dock arrive, astronaut crew, landslide
    collapse, land arrive, spacecraft satellite, storm wind, storm rain, rain flood, snow storm, sack end, kill
    victim, council city-hall, government minister, cup final, tournament championship, champion win, champion
    title, record high, record low, walkout protest, block close, block suspend, emergency alert, alert warn,
    ban block, deal sign, accept pass, company maker, player striker, approach near, lead overtake, reject
    block, overturn strike-down, slow down, slow suspend, withdraw cancel, withdraw retire, withdraw resign,
    raise-or-lift up, again resume, descend land, descend down, switch-off close, switch-off contain,
    strike-down reject, ban reject, strike-down cancel, uphold pass, power outage, voter election, voter pass,
    govern government, leave depart, man people, woman people, child people, depart launch, school student,
    raise-or-lift lift, detain-or-stop arrest, detain-or-stop suspend, detain-or-stop slow, suspend hold, layoff
    down, worker job, present open, present find, present launch"""
_FAMILIES = """suspend end cancel close withdraw block switch-off
    begin open resume
    resume return again
    kill victim toll
    eliminate lose
    another again
    accept pass"""
NEAR: frozenset[frozenset[str]] = frozenset(
    (
        *(frozenset(pair.split()) for pair in _NEAR.split(",")),
        *(frozenset(pair) for family in _FAMILIES.splitlines() for pair in combinations(family.split(), 2)),
    )
)
"""Words of which one may stand in the place of the other: the wider and the narrower, and what comes to the same."""

STOPPED = _names("suspend end cancel close withdraw block switch-off fail refuse reject outage deny")
"""What comes to the same as that something is not."""

DIRECTED = _names(
    "win eliminate buy sue accuse arrest attack replace overtake visit invade sack condemn sell welcome lead"
)
"""Who does it to whom is the news."""

EVENTS = _names("launch land arrive depart begin end win lose hit meet dock takeoff open resume")
"""What is other news when it has happened than while it was ahead."""

HAPPENINGS = (TURNS | OPPOSITES.keys() | EVENTS) - LIGHT
"""What is the news of a line where it has one of these."""

HAZARDS = _names("""quake tsunami storm tornado flood fire wildfire explosion landslide avalanche crash derail attack
    outage""")
"""Of which a new one is another one."""

HARMLESS = _names("injure kill damage tsunami victim toll hospital warn alert people")
"""What a line may add that there was none of."""
