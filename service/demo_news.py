"""The invented news of `flashwire up --demo`: each event in three languages, with a kill now and then.

The rule to remember: everything here is made up and neutral (weather, sport, transport, space): no real place is in
trouble, nobody real is quoted.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from service import client

PAUSE_S = 2.5
"""Between two alerts; a kill takes one such place."""
KILL_EVERY = 3
"""Of so many events one is withdrawn in all its languages, beginning with the second."""


@dataclass(frozen=True, slots=True)
class Event:
    """One invented event, as each edition tells it."""

    level: str
    section: str
    region: str
    headlines: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Posted:
    """What is remembered of a posted alert."""

    id: str
    story: str


EVENTS: tuple[Event, ...] = (
    Event(
        "urgent",
        "environment",
        "europe",
        {
            "en": "Sea wall at Port Alder holds as spring tide peaks",
            "ar": "الحاجز البحري في ميناء ألدر يصمد مع ذروة المد",
            "es": "El dique de Puerto Alder resiste la marea viva",
        },
    ),
    Event(
        "brief",
        "sports",
        "latin-america",
        {
            "en": "Harbour City win the island cup on penalties",
            "ar": "هاربر سيتي يحرز كأس الجزر بركلات الترجيح",
            "es": "Harbour City gana la Copa de las Islas en los penaltis",
        },
    ),
    Event(
        "brief",
        "technology",
        "asia-pacific",
        {
            "en": "Weather satellite Meridian 4 reaches its orbit",
            "ar": "قمر الأرصاد «ميريديان 4» يبلغ مداره",
            "es": "El satélite meteorológico Meridian 4 alcanza su órbita",
        },
    ),
    Event(
        "line",
        "economy",
        "europe",
        {
            "en": "Night trains between Alder and Norwick to run again from spring",
            "ar": "عودة القطارات الليلية بين ألدر ونورويك اعتبارًا من الربيع",
            "es": "Los trenes nocturnos entre Alder y Norwick volverán en primavera",
        },
    ),
    Event(
        "urgent",
        "environment",
        "us-canada",
        {
            "en": "Snow closes the Pine Pass road; reopening expected at noon",
            "ar": "الثلوج تغلق طريق ممر الصنوبر وتوقعات بإعادة فتحه ظهرًا",
            "es": "La nieve cierra la carretera de Paso Pino; reabrirá a mediodía",
        },
    ),
    Event(
        "brief",
        "arts-culture",
        "mena",
        {
            "en": "Lantern Museum opens its restored courtyard to visitors",
            "ar": "متحف الفوانيس يفتح باحته المرمّمة أمام الزوار",
            "es": "El Museo de los Faroles abre al público su patio restaurado",
        },
    ),
    Event(
        "line",
        "sports",
        "africa",
        {
            "en": "Record field of 12,000 runners enters the Lakeside marathon",
            "ar": "12 ألف عداء يسجلون رقمًا قياسيًا للمشاركة في ماراثون البحيرة",
            "es": "El maratón del Lago reúne a 12.000 corredores, cifra récord",
        },
    ),
    Event(
        "brief",
        "technology",
        "asia",
        {
            "en": "Ferry Blue Heron completes first crossing on battery power",
            "ar": "العبّارة «بلو هيرون» تكمل أول رحلة بالبطاريات",
            "es": "El ferri Blue Heron completa su primera travesía con baterías",
        },
    ),
    Event(
        "urgent",
        "miscellaneous",
        "europe",
        {
            "en": "Norwick airport resumes flights after morning fog",
            "ar": "مطار نورويك يستأنف الرحلات بعد ضباب الصباح",
            "es": "El aeropuerto de Norwick reanuda los vuelos tras la niebla matinal",
        },
    ),
    Event(
        "line",
        "environment",
        "latin-america",
        {
            "en": "Condor pair raises third chick in the Mirador reserve",
            "ar": "زوج من نسور الكوندور يربي فرخه الثالث في محمية ميرادور",
            "es": "Una pareja de cóndores cría a su tercer polluelo en la reserva Mirador",
        },
    ),
    Event(
        "brief",
        "health",
        "africa",
        {
            "en": "Hill District clinic welcomes its first patients",
            "ar": "عيادة حي التلال تستقبل أول مرضاها",
            "es": "El ambulatorio de Distrito Colina recibe a sus primeros pacientes",
        },
    ),
    Event(
        "urgent",
        "technology",
        "us-canada",
        {
            "en": "Probe Little Owl lands safely on the far side of the Moon",
            "ar": "المسبار «البومة الصغيرة» يهبط بسلام على الجانب البعيد من القمر",
            "es": "La sonda Pequeño Búho aluniza sin contratiempos en la cara oculta",
        },
    ),
)


def run(url: str, key: str, stopped: Callable[[float], bool], told: Callable[[str], None]) -> None:
    """Post invented alerts to the API at `url` until `stopped(seconds)`, which waits so long, says True.

    `told` hears of what the API refused; an API that cannot be reached is waited for.
    """
    for step in _steps(url, key):
        try:
            step()
        except (client.Refused, client.Unreachable) as problem:
            told(str(problem))
        if stopped(PAUSE_S):
            return


def _steps(url: str, key: str) -> Iterator[Callable[[], None]]:
    """One post or one withdrawal after the other, without end; an event's alerts share one story."""
    for number, event in enumerate(itertools.cycle(EVENTS), 1):
        posted: list[Posted] = []
        for edition in event.headlines:
            yield partial(_post, url, key, event, edition, posted)
        if number % KILL_EVERY == 2:  # soon enough for who tries it out
            yield partial(_withdraw, url, key, posted)


def _post(url: str, key: str, event: Event, edition: str, posted: list[Posted]) -> None:
    body: dict[str, Any] = {
        "edition": edition,
        "headline": event.headlines[edition],
        "level": event.level,
        "sections": [event.section],
        "regions": [event.region],
        "override": ["near-duplicate"],  # the same invented events come round again
        "overrideReason": "invented news of the demo",
    }
    if posted:
        body["story"] = posted[0].story
    alert = client.send("POST", f"{url}/v1/alerts", body, key=key).body["alert"]
    posted.append(Posted(alert["id"], alert["story"]))


def _withdraw(url: str, key: str, posted: list[Posted]) -> None:
    for alert in posted:
        client.send("POST", f"{url}/v1/alerts/{alert.id}/kill", {"reason": "the demo shows a withdrawal"}, key=key)
