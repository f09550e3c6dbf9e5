"""Arabic attributions.

The rule to remember: Arabic has no large letters, so nothing tells a name from a verb ("وزير الدفاع يعلن"). Only places
and outlets known by name count, and an office is taken without the name of who holds it.
"""

from service.domain.vocabulary import DASH, Form, Vocabulary, one_of

OUTLETS = (
    *("الجزيرة", "العربية", "الحدث", "الميادين", "المنار", "المملكة", "الشرق", "الغد", "الحرة", "الشرق الأوسط"),
    *("رويترز", "فرانس برس", "الفرنسية", "أسوشيتد برس", "الأناضول", "بي بي سي", "سي إن إن", "سكاي نيوز عربية"),
    *("فرانس 24", "وفا", "بترا", "سانا", "واس", "شينخوا", "تاس", "إفي", "القدس العربي", "الأهرام", "النهار"),
    *("العربي الجديد",),
)
# Of these, what may follow "agency" with nothing between.
AGENCIES = ("الأناضول", "إفي", "أسوشيتد برس", "بترا", "تاس", "رويترز", "سانا", "شينخوا", "فرانس برس", "واس", "وفا")
# A noun that says what kind of outlet the next word names.
MEDIA_NOUNS = (
    *("إذاعة", "أخبار", "تلفزيون", "جريدة", "راديو", "شبكة", "صحيفة", "قناة", "مجلة", "موقع", "نشرة", "وكالة"),
    *("وكالة الأنباء", "وكالة أنباء"),
)
# What follows such a noun and names no outlet: subjects, and the agencies and canals that report nothing.
NO_NAMES = (
    *("الاقتصاد", "الحرب", "الرياضة", "السياسة", "الطقس", "المال", "السويس", "الطاقة", "الفضاء", "الأنباء"),
    *("أنباء", "بنما", "العالم", "اليوم"),
)

# Places certain without a word that says what they are.
PLACES = (
    *("أبوظبي", "أبو ظبي", "أثينا", "أديس أبابا", "إسطنبول", "إسلام آباد", "أفغانستان", "ألمانيا", "الأردن"),
    *("الإمارات", "البحرين", "البرازيل", "البصرة", "الجزائر", "الخرطوم", "الخليل", "الدوحة", "الرباط"),
    *("الرياض", "السعودية", "السودان", "الصومال", "الصين", "الضفة الغربية", "العراق", "العقبة", "الفلوجة"),
    *("القاهرة", "القدس", "الكويت", "المغرب", "المكسيك", "المنامة", "الموصل", "الناصرة", "النجف", "الهند"),
    *("الولايات المتحدة", "اليابان", "اليمن", "أنقرة", "أوسلو", "أوكرانيا", "إيران", "إيطاليا", "باريس"),
    *("باكستان", "برلين", "بروكسل", "بريطانيا", "بغداد", "بكين", "بنغازي", "بورتسودان", "بورت سودان"),
    *("بوينس آيرس", "بيت لحم", "بيروت", "تركيا", "تل أبيب", "تونس", "جدة", "جنوب أفريقيا", "جنيف", "جنين"),
    *("حلب", "حمص", "حيفا", "خان يونس", "دبي", "درعا", "دمشق", "دير البلح", "دير الزور", "رام الله", "رفح"),
    *("روسيا", "روما", "ستوكهولم", "سوريا", "سيدني", "سيول", "شرم الشيخ", "صنعاء", "صيدا", "طرابلس"),
    *("طهران", "طوكيو", "طولكرم", "عدن", "عمان", "عمّان", "غزة", "فرنسا", "فلسطين", "فيينا", "قطاع غزة", "قطر"),
    *("كابل", "كراكاس", "كركوك", "كييف", "لاهاي", "لبنان", "لندن", "ليبيا", "مأرب", "مدريد", "مصر", "مقديشو"),
    *("مكة", "مكسيكو", "موريتانيا", "موسكو", "نابلس", "نواكشوط", "نيروبي", "نيودلهي", "نيويورك", "واشنطن"),
)
# "A town called …": the next word is its name.
PLACE_NOUNS = ("بلدة", "قرية", "محافظة", "مخيم", "مدينة", "ولاية")
# Parts of a known place.
SIDES = (
    *("جبل", "جنوب", "جنوبي", "ريف", "شرق", "شرقي", "شمال", "شمالي", "ضواحي", "غرب", "غربي", "مطار", "ميناء"),
    "وسط",
)

PORTFOLIOS = (
    *("الاتصالات", "الإعلام", "الاقتصاد", "البيئة", "التجارة", "التربية", "التعليم", "الثقافة", "الخارجية"),
    *("الداخلية", "الدفاع", "الزراعة", "السياحة", "الصحة", "الطاقة", "العدل", "العمل", "المالية", "المياه"),
    *("النفط", "النقل"),
)
BODIES = (
    *("الأمم المتحدة", "البيت الأبيض", "الجيش", "الحكومة", "الخارجية", "الداخلية", "الدفاع المدني", "الرئاسة"),
    "الشرطة",
    *(f"وزارة {portfolio}" for portfolio in PORTFOLIOS),
)
# Offices certain by themselves.
ROLES = (
    *("رئيس الوزراء", "رئيسة الوزراء", "رئيس الحكومة", "رئيسة الحكومة", "رئيس البرلمان", "رئيس مجلس النواب"),
    *("الأمين العام للأمم المتحدة", "قائد الجيش", "قائد الشرطة"),
    *(f"{minister} {portfolio}" for minister in ("وزير", "وزيرة") for portfolio in PORTFOLIOS),
    *(
        f"{spokes} باسم {body}"
        for spokes in ("المتحدث", "المتحدثة", "متحدث", "متحدثة", "الناطق", "الناطقة", "ناطق")
        for body in BODIES
    ),
)
# Offices certain only with a country's adjective behind them.
TITLES = ("الرئيس", "الرئيسة", "المستشار", "المستشارة", "وزير", "السفير", "السفيرة")
# The country's adjective as it follows an office; the feminine one where the office or the body is feminine.
DEMONYMS = (
    *("الأردني", "الإسباني", "الإماراتي", "الأميركي", "الأمريكي", "الألماني", "الأوكراني", "الإيراني"),
    *("الإيطالي", "البحريني", "البرازيلي", "البريطاني", "التركي", "التونسي", "الجزائري", "الروسي", "السعودي"),
    *("السوداني", "السوري", "الصومالي", "الصيني", "العراقي", "العماني", "الفرنسي", "الفلسطيني", "القطري"),
    *("الكويتي", "اللبناني", "الليبي", "المصري", "المغربي", "المكسيكي", "الموريتاني", "الهندي", "الياباني"),
    *("اليمني", "الإسرائيلي", "الأوروبي"),
)

SOURCES = (
    *("أمنية", "حكومية", "خاصة", "دبلوماسية", "رسمية", "سياسية", "طبية", "عسكرية", "قضائية", "محلية", "مطلعة"),
    "ميدانية",
)

_FEMININE = "ة"
# Of one source: "مصدر أمني".
ONE_SOURCE = tuple(kind.removesuffix(_FEMININE) for kind in SOURCES)

MONTHS = (
    *("يناير", "فبراير", "مارس", "أبريل", "إبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر"),
    *("نوفمبر", "ديسمبر", "كانون الثاني", "شباط", "آذار", "نيسان", "أيار", "حزيران", "تموز", "آب", "أيلول"),
    *("تشرين الأول", "تشرين الثاني", "كانون الأول"),
)

NOT_SAID = ("أين", "سيرة", "كيف", "لماذا", "ما", "ماذا", "متى", "مسيرة", "من", "هل")

# Hamza on or under alef, the dots of ya and of ta marbuta: as often left out as written.
_SAME_LETTERS = str.maketrans("أإآٱىة", "اااايه")

_WORD = r"[\u0621-\u064a]{2,20}"
_MEDIA_NAME = rf"(?!{one_of(NO_NAMES)}\b){_WORD}(?: ال{_WORD})?"
_PLACE = rf"(?:{one_of(PLACES)}|{one_of(SIDES)} {one_of(PLACES)}|{one_of(PLACE_NOUNS)} (?:{one_of(PLACES)}|{_WORD}))"
_DEMONYM = rf"{one_of(DEMONYMS)}ة?"


_DATE = rf"[0-9٠-٩]{{1,2}} {one_of(MONTHS)}(?:/{one_of(MONTHS)})?(?: [0-9٠-٩]{{4}})?"
_CORRESPONDENTS = one_of(("مراسل", "مراسلة", "مراسلا", "مراسلتا", "مراسلو", "مراسلات", "موفد", "موفدة", "موفدو"))
_OURS = one_of(("مراسلنا", "مراسلتنا", "مراسلونا", "مراسلاتنا", "موفدنا", "موفدتنا", "موفدونا"))
_ACCORDING_TO = "(?:بحسب|حسب|وفق|وفقا ل|وفقاً ل)"


def _forms(names: tuple[str, ...]) -> tuple[Form, ...]:
    known = one_of(names)
    noun_and_name = rf"{one_of(MEDIA_NOUNS)} {_MEDIA_NAME}"
    outlet = rf"(?:{known}|{noun_and_name})"
    in_place = rf" (?:في|من) (?P<place>{_PLACE})"
    with_article = tuple("لل" + name.removeprefix("ال") for name in names if name.startswith("ال"))
    without = one_of(name for name in names if not name.startswith("ال"))

    def to(field: str) -> str:
        quoted = "|".join(rf"{opening}(?P<{field}>{outlet}){ending}" for opening, ending in ('""', "«»", "“”"))
        melted = rf"ل(?P<{field}>{without}|{noun_and_name})|(?P<{field}>{one_of(with_article)})"
        return rf" (?:{melted}|لـ ?(?:(?P<{field}>{outlet})|{quoted}))"

    nationality = one_of(name.removeprefix("ال") for name in DEMONYMS)
    of_kind = (
        rf"مصادر (?:{one_of(SOURCES)}(?: {nationality}ة)?|{nationality}ة)"
        rf"|مصدر (?:{one_of(ONE_SOURCE)}(?: {nationality})?|{nationality})"
    )
    qualified = rf"(?P<speaker>{of_kind})"
    sources = rf"(?:مصادر|مصدر|{qualified})"
    of_place = rf"(?:رئيسة? بلدية|عمدة|محافظ) {_PLACE}"
    some_official = rf"مسؤولة? (?:{one_of(ONE_SOURCE)}|{nationality})ة?"
    office = rf"(?:{one_of(ROLES)}(?: {_DEMONYM})?|{one_of(TITLES)} {_DEMONYM}|{of_place}|{some_official})"
    said = rf"(?P<said>{sources}{to('via')}|{qualified})"
    return (
        Form("correspondent", rf"{_CORRESPONDENTS} (?P<outlet>{outlet})(?:{in_place})?"),
        Form("correspondent", rf"{_OURS}(?:{in_place})?"),
        Form("sources", rf"{sources}{to('via')}"),
        Form("sources", rf"(?P<via>{known}) عن مصادر(?: {one_of(SOURCES)})?"),
        Form("sources", qualified),
        Form("sources", rf"{_ACCORDING_TO} ?{said}"),
        Form("agency", rf"وكالة (?P<outlet>{one_of(AGENCIES)})"),
        Form("agency", rf"(?P<place>{_PLACE})(?: [-–—] |/)(?P<outlet>{one_of(AGENCIES)})"),
        Form("official", rf"(?P<role>{office})(?:{to('addressee')})?"),
        Form(
            "agency",
            rf"(?P<said>(?P<place>{_PLACE})(?:(?: |، ){_DATE})? \((?P<outlet>{outlet})\)){DASH}",
            "opening",
        ),
        # A place and a date without an agency may announce a concert: no large letters show a dateline.
        Form("sources", rf"{_ACCORDING_TO} ?{said}، ", "opening"),
        Form("sources", rf"(?:، |: |{DASH})(?:{_ACCORDING_TO} ?)?{said}\.?", "end"),
        Form("sources", rf"{DASH}(?P<said>مصادر)\.?", "end"),
    )


def _called(name: str) -> str:
    """لل is "to" melted into the article: "للجزيرة" is said to "الجزيرة"."""
    return "ال" + name.removeprefix("لل") if name.startswith("لل") else name


ARABIC = Vocabulary(
    outlets=OUTLETS,
    forms=_forms,
    not_said=frozenset(word.translate(_SAME_LETTERS) for word in NOT_SAID),
    same_letters=_SAME_LETTERS,
    called=_called,
)
