"""JSON Schemas of what the API takes and gives: answers from the models they are encoded from, bodies from their rules.

The rule to remember: a schema says no more than holds for everything that is accepted. What a body must be besides
(graphemes, the words of an edition, a point of a curve) stands in a description; breaking it is 422 with a pointer.
"""

from typing import Any, get_args

import msgspec

from service.api.duplicates import Duplicate
from service.domain.alert import LEVELS, Alert, AttributionKind, Author, Certainty, Severity, State
from service.domain.api_key import NAME_CHARS_MAX, OVERLAP_MAX_S, Key
from service.domain.audit import Act
from service.domain.checks import ID_FORM, OVERRIDES, schemes
from service.domain.delivery import Report
from service.domain.device import PLATFORMS, Environment
from service.domain.fields import NOTE_CHARS_MAX, PLACES_MAX, TERMS_MAX, URL_CHARS_MAX, Notice
from service.domain.newsroom import Labels, Newsroom, Notices
from service.domain.preview import Previews
from service.domain.receipt import RECEIPTS_MAX, VERSION_MAX, What
from service.domain.registration import MUTES_MAX
from service.domain.roles import ROLES
from service.domain.stories import Story
from service.domain.strictjson import INT_MAX
from service.domain.text import HEADLINE_GRAPHEMES_MAX

Schema = dict[str, Any]

ID: Schema = {"type": "string", "pattern": f"^{ID_FORM.pattern}$"}
KEY_ID: Schema = {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{10}$"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
CURSOR: Schema = {"type": "string", "pattern": "^[^:]+:[0-9]+$"}
TEXT: Schema = {"type": "string"}
TICKET_FORM = "^fwt_[0-9A-HJKMNP-TV-Z]{40}$"
_CLEAN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\ue000-\uf8ff]*$"
"""No control, private-use or overriding character; line ends and tabs become a space."""
LINE: Schema = {
    "type": "string", "minLength": 1, "pattern": _CLEAN,
    "description": f"One line of clean text, at most {HEADLINE_GRAPHEMES_MAX} graphemes; control, private-use and "
                   "unpaired bidirectional characters are refused.",
}  # fmt: skip
REMARK: Schema = {
    "type": ["string", "null"], "minLength": 1, "pattern": _CLEAN,
    "description": f"For colleagues alone: one line of at most {NOTE_CHARS_MAX} graphemes.",
}  # fmt: skip
FLAG: Schema = {"type": "boolean"}
_UNTIL: Schema = {"type": ["string", "null"], "format": "date-time"}


def ref(name: str) -> Schema:
    """The component of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def closed(required: tuple[str, ...], properties: Schema, **more: Any) -> Schema:
    """An object that takes these fields and no others, as every body of ours does."""
    return {**opened(required, properties, **more), "additionalProperties": False}


def opened(required: tuple[str, ...], properties: Schema, **more: Any) -> Schema:
    """An object that has these fields, and may have others with a later version, as every answer of ours does."""
    return {"type": "object", "required": list(required), "properties": properties, **more}


def listed(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def of_models(*models: type[msgspec.Struct]) -> dict[str, Schema]:
    """The schemas of models that are encoded as they are, by name."""
    _, found = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
    return {name: _plain(schema) for name, schema in found.items()}


def _plain(schema: Schema) -> Schema:
    """Without the title that only says the name again, the docstring on one line."""
    kept = {key: value for key, value in schema.items() if key != "title"}
    return {**kept, "description": " ".join(kept["description"].split())} if "description" in kept else kept


def of_alert() -> dict[str, Schema]:
    """The alert and its parts, as readers receive them."""
    found = of_models(Alert)
    fields = found["Alert"]["properties"]
    fields |= {"id": ID, "story": ID, "firstCreated": MOMENT, "versionCreated": MOMENT, "expires": MOMENT}
    fields["version"] = {"type": "integer", "minimum": 1}
    fields["urgency"] = {"type": "integer", "minimum": 1, "maximum": 9}
    fields["signals"] = listed({"enum": ["correction", "update", "undone"]})
    return found


def components(newsroom: Newsroom, *, allow_http: bool) -> dict[str, Schema]:
    """Every schema by its name in the document."""
    return {
        **of_alert(), **of_models(Act, Report, Author, Notice, Labels, Notices, Previews, Duplicate),
        **_answers(newsroom), **_keys(), **_alert_bodies(newsroom, schemes(allow_http)),
        **_device_bodies(newsroom),
    }  # fmt: skip


def _answers(newsroom: Newsroom) -> dict[str, Schema]:
    editions = {
        "edition": _edition(newsroom), "language": TEXT, "dir": {"enum": ["ltr", "rtl"]}, "name": TEXT,
        "labels": ref("Labels"), "notices": ref("Notices"), "sections": listed(TEXT), "regions": listed(TEXT),
        "levels": {"type": "object", "additionalProperties": {"type": "integer"}},
        "live": {"type": "string", "description": "The address of the live stream, see /asyncapi.yaml."},
    }  # fmt: skip
    seen = {
        "alert": ref("Alert"), "state": {"enum": list(get_args(State))},
        "headline": {"type": ["string", "null"], "description": "What it says, also while readers see a notice."},
        "author": ref("Author"), "push": FLAG,
        "note": nullable(TEXT), "reason": nullable(TEXT), "cursor": nullable(CURSOR),
        "publishAt": _UNTIL, "approvedBy": nullable(ref("Author")),
    }  # fmt: skip
    done = {
        "alert": ref("Alert"), "cursor": CURSOR, "undoUntil": _UNTIL, "warnings": listed(ref("Notice")),
    }  # fmt: skip
    waits = {"alert": ref("Alert"), "state": {"enum": list(get_args(State))}, "warnings": listed(ref("Notice"))}
    checked = {
        "alert": ref("Alert"), "warnings": listed(ref("Notice")), "duplicates": listed(ref("Duplicate")),
        "previews": ref("Previews"),
        "audience": closed(PLATFORMS, {platform: {"type": "integer", "minimum": 0} for platform in PLATFORMS}),
    }  # fmt: skip
    page = {
        "edition": _edition(newsroom), "cursor": CURSOR, "alerts": listed(ref("Alert")),
        "next": {"type": ["string", "null"], "description": "The `before` of the next page."},
    }  # fmt: skip
    item = {
        "id": ID, "url": TEXT, "title": TEXT, "content_text": TEXT, "content_html": TEXT, "date_published": MOMENT,
        "tags": listed(TEXT), "language": TEXT,
    }  # fmt: skip
    feed = {
        "version": {"const": "https://jsonfeed.org/version/1.1"}, "title": TEXT, "description": TEXT,
        "home_page_url": TEXT, "feed_url": TEXT, "language": TEXT,
        "items": listed(opened(tuple(item), {**item, "external_url": TEXT, "date_modified": MOMENT})),
    }  # fmt: skip
    finding = {"pointer": {"type": "string", "description": "Where (RFC 6901)."}, "detail": TEXT}
    problem = {
        "type": {"type": "string", "pattern": "^/problems/[a-z0-9-]+$"}, "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599}, "detail": TEXT,
        "errors": listed(closed(("pointer", "detail"), finding)),
    }  # fmt: skip
    return {
        "Done": opened(tuple(done), done, description="What a verb has made."),
        "Waits": opened(tuple(waits), waits, description="What is not public yet, as it would be published."),
        "DoneOrWaits": {"anyOf": [ref("Done"), ref("Waits")], "description": "Of what is not public, that it waits."},
        "Checked": opened(tuple(checked), checked, description="What would become of an alert."),
        "Seen": opened(tuple(seen), seen, description="An alert as editors see it."),
        **of_models(Story),
        "AlertList": opened(("alerts", "next"), {"alerts": listed(ref("Seen")), "next": page["next"]},
                            description="Newest first. It may be short, even empty, and go on."),
        "Versions": opened(("versions",), {"versions": listed(ref("Seen"))}),
        "Audit": opened(
            ("audit", "next"),
            {"audit": listed(ref("Act")),
             "next": {"type": ["integer", "null"], "description": "The `after` of the next page."}},
            description="Oldest first.",
        ),
        "Edition": opened(tuple(editions), editions),
        "Editions": opened(
            ("editions", "webPush"),
            {"editions": listed(ref("Edition")), "webPush": opened(("publicKey",), {"publicKey": nullable(TEXT)})},
        ),
        "Ticker": opened(tuple(page), page, description="Newest first, each alert once."),
        "Feed": opened(tuple(feed), feed, description="JSON Feed 1.1, newest first."),
        "Registered": opened(("id", "secret"), {"id": ID, "secret": TEXT}),
        "Replaced": opened(("id",), {"id": ID}),
        "Counted": opened(("counted",), {"counted": {"type": "integer", "minimum": 0}}),
        "Ticket": opened(("ticket", "expires"), {"ticket": {**TEXT, "pattern": TICKET_FORM}, "expires": MOMENT}),
        "Alive": opened(("alive",), {"alive": FLAG}),
        "Ready": opened(("ready", "reasons"), {"ready": FLAG, "reasons": listed(TEXT)}),
        "Version": opened(("version", "python"), {"version": TEXT, "python": TEXT}),
        "Problem": opened(
            ("type", "title", "status"), problem,
            description="A refusal (RFC 9457). `type` is the address of a page that explains it.",
        ),
    }  # fmt: skip


def _alert_bodies(newsroom: Newsroom, link_schemes: tuple[str, ...]) -> dict[str, Schema]:
    words = dict.fromkeys(("outlet", "place", "speaker", "role", "addressee", "via", "text"), LINE)
    attribution = closed(
        ("kind",), {"kind": {"enum": list(get_args(AttributionKind))}, **{k: nullable(v) for k, v in words.items()}},
        description="Who said it; what a kind needs is what the edition's template names, or a `text` of one's own.",
    )  # fmt: skip
    place = closed(("name",), {"name": LINE, "country": {"type": ["string", "null"], "pattern": "^[A-Z]{2}$"}})
    content = {
        "headline": {**LINE, "type": ["string", "null"]},
        "text": {**LINE, "type": ["string", "null"], "description": "In place of `headline`: a pasted line, whose "
                 "attribution is taken out of it."},
        "attribution": nullable(attribution),
        "sections": _terms(newsroom.sections), "regions": _terms(newsroom.regions),
        "places": listed(place, maxItems=PLACES_MAX),
        "link": nullable(closed(("url",), {"url": _url(link_schemes)})),
        "image": nullable(closed(("url", "alt"), {"url": _url(("https",)), "alt": LINE})),
        "certainty": {"enum": list(get_args(Certainty)), "default": "Observed"},
    }  # fmt: skip
    push = {**FLAG, "default": True, "description": "Whether phones ring."}
    correction = closed(("text", "severity"), {"text": LINE, "severity": {"enum": list(get_args(Severity))}})
    new = {
        "edition": _edition(newsroom), "level": {"enum": list(LEVELS), "default": "brief"}, **content,
        "story": {**ID, "type": ["string", "null"]}, "expires": _UNTIL, "push": push, "note": REMARK,
        "publishAt": {**_UNTIL, "description": "The end of an embargo, in the future."},
        "override": _terms(OVERRIDES), "overrideReason": {**REMARK, "description": "Needed with `override`."},
    }  # fmt: skip
    changed = {**content, "expires": MOMENT, "push": FLAG}
    pending = {
        "level": {"enum": list(LEVELS)}, "publishAt": _UNTIL, "note": REMARK, "expires": _UNTIL,
    }  # fmt: skip
    return {
        "NewAlert": closed(("edition",), new, anyOf=[{"required": ["headline"]}, {"required": ["text"]}],
                           description="Either `headline` or `text`."),
        "AlertUpdate": closed((), {**changed, **pending}, minProperties=1,
                              description="What is not sent stays as it is. `level`, `publishAt` and `note` can be "
                              "changed as long as the alert is not public."),
        "AlertCorrection": closed(("correction",), {**changed, "correction": correction}, minProperties=2,
                                  description="What was wrong, and what is right."),
        "Nothing": {**closed((), {}), "type": ["object", "null"]},
        "Reason": {**closed((), {"reason": REMARK}), "type": ["object", "null"]},
    }  # fmt: skip


def _device_bodies(newsroom: Newsroom) -> dict[str, Schema]:
    time_of_day = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
    quiet = closed(("from", "to", "zone"), {
        "from": time_of_day, "to": time_of_day, "zone": {"type": "string", "description": "IANA, as Asia/Beirut."},
        "flashBreaks": {"type": ["boolean", "null"]},
    })  # fmt: skip
    mute = closed(("story", "until"), {"story": ID, "until": MOMENT})
    editions = {**_terms(newsroom.edition_names), "minItems": 1}
    preferences = closed(("editions",), {
        "editions": editions, "minLevel": _enum_or_null(LEVELS),
        "sections": nullable(_terms(newsroom.sections)), "regions": nullable(_terms(newsroom.regions)),
        "quiet": nullable(quiet), "mute": nullable(listed(mute, maxItems=MUTES_MAX)),
    }, description="Empty lists mean all.")  # fmt: skip
    keys = closed(("p256dh", "auth"), {"p256dh": TEXT, "auth": TEXT})
    expiration = {"type": ["number", "null"], "minimum": 0, "maximum": INT_MAX, "description": "In milliseconds."}
    subscription = closed(
        ("endpoint", "keys"), {"endpoint": TEXT, "keys": keys, "expirationTime": expiration},
        description="As a browser's PushSubscription.toJSON() gives it.",
    )  # fmt: skip
    device = {
        "platform": {"enum": list(PLATFORMS)}, "token": {"type": ["string", "null"]},
        "subscription": nullable(subscription), "environment": _enum_or_null(get_args(Environment)),
        "topic": {"type": ["string", "null"], "description": "The app's bundle id; for apns."},
        "preferences": preferences, "appVersion": {"type": ["string", "null"]}, "locale": {"type": ["string", "null"]},
        "test": {"type": ["boolean", "null"], "description": "Gets drills alone; needs a test key."},
    }  # fmt: skip
    receipt = closed(("alert", "version", "what", "at"), {
        "alert": ID, "version": {"type": "integer", "minimum": 1, "maximum": VERSION_MAX},
        "what": {"enum": list(get_args(What))}, "at": MOMENT,
    })  # fmt: skip
    needed = ("platform", "preferences")
    return {
        "Registration": closed(needed, device, anyOf=[{"required": ["token"]}, {"required": ["subscription"]}],
                               description="`token` for apns and fcm, `subscription` for webpush."),
        "Device": opened(("id", *needed), {"id": ID, **device}),
        "Receipts": listed(receipt, minItems=1, maxItems=RECEIPTS_MAX),
    }  # fmt: skip


def _keys() -> dict[str, Schema]:
    found = of_models(Key)
    fields = found["Key"]["properties"]
    fields |= {"id": KEY_ID, "created": MOMENT, "expires": _UNTIL, "revoked": _UNTIL, "lastUsed": _UNTIL}
    issued = {
        "id": KEY_ID, "key": {"type": ["string", "null"], "description": "Null in the answer to a repetition."},
        "role": {"enum": list(ROLES)}, "name": TEXT, "test": FLAG, "expires": _UNTIL,
    }  # fmt: skip
    name = {
        "type": "string",
        "minLength": 1,
        "maxLength": NAME_CHARS_MAX,
        "description": "Who holds it, in printable characters. Keys of one name count as one person.",
    }
    test = {"type": ["boolean", "null"], "description": "For drills alone. Without it, like the key that asks."}
    new = {"role": {"enum": list(ROLES)}, "name": name, "test": test, "expires": _UNTIL}
    overlap = {
        "type": "integer",
        "minimum": 0,
        "maximum": OVERLAP_MAX_S,
        "description": "How long the former secret goes on; with 0 every former one ends at once.",
    }
    either = {"type": ["object", "null"]}
    return {
        **found,
        "KeyList": opened(("keys",), {"keys": listed(ref("Key"))}),
        "IssuedKey": opened(tuple(issued), issued),
        "RevokedKeys": opened(("revoked",), {"revoked": {"type": "integer", "minimum": 0}}),
        "NewKey": closed(("role", "name"), new),
        "Rotation": {**closed((), {"overlapS": overlap}), **either},
        "Nothing": {**closed((), {}), **either},
    }  # fmt: skip


def _edition(newsroom: Newsroom) -> Schema:
    return {"enum": newsroom.edition_names}


def _terms(allowed: tuple[str, ...]) -> Schema:
    return listed({"enum": list(allowed)}, maxItems=TERMS_MAX)


def _enum_or_null(allowed: tuple[str, ...]) -> Schema:
    return {"enum": [*allowed, None]}


def _url(allowed: tuple[str, ...]) -> Schema:
    return {"type": "string", "format": "uri", "maxLength": URL_CHARS_MAX, "pattern": f"^({'|'.join(allowed)})://"}
