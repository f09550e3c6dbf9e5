"""The versions of an alert: what the first is made of, and what a verb makes of the one before.

The rule to remember: a version is whole. What a verb does not name stays, but for the correction, which belongs to the
corrected version alone.
"""

import msgspec

from service.domain import moment
from service.domain.alert import Alert, Correction, Reference, Status
from service.domain.checks import Draft
from service.domain.errors import TooManyVersions
from service.domain.lifecycle import Transition, Verb
from service.domain.newsroom import Newsroom


def refuse_beyond(version: int, verb: Verb, versions_max: int) -> None:
    """Raises TooManyVersions where an alert that stands at `version` is to have none more by `verb`. What takes it back
    is never refused, and a release, which shows again what was held, only from twice as many on.
    """
    most = {"update": versions_max, "correct": versions_max, "release": 2 * versions_max}.get(verb)
    if most is not None and version >= most:
        raise TooManyVersions(f"it has {version} versions: kill it, or leave it as it is and publish another")


def first(
    draft: Draft, transition: Transition, newsroom: Newsroom, *, alert_id: str, story: str, status: Status,
    now_ms: int, expires_ms: int,
) -> Alert:  # fmt: skip
    """Version 1 of what an editor drafted."""
    now = moment.to_text(now_ms)
    return Alert(
        id=alert_id, story=story, edition=draft.edition.edition, language=draft.edition.language,
        dir=draft.edition.dir, version=1, msg_type=transition.msg_type, status=status,
        pub_status=transition.pub_status, level=draft.level, urgency=newsroom.levels[draft.level].urgency,
        certainty=draft.certainty, headline=draft.headline, text=draft.text, attribution=draft.attribution,
        sections=draft.sections, regions=draft.regions, places=draft.places, link=draft.link, image=draft.image,
        signals=transition.signals, references=(), correction=None, notice=None, first_created=now,
        version_created=now, expires=moment.to_text(expires_ms),
    )  # fmt: skip


def redrafted(before: Alert, now_ms: int) -> Alert:
    """The version after `before` of an alert that nobody but editors has seen: it supersedes nothing."""
    return msgspec.structs.replace(before, version=before.version + 1, version_created=moment.to_text(now_ms))


def published(before: Alert, transition: Transition, now_ms: int, expires_ms: int) -> Alert:
    """The first public version of what was pending as `before`: its life begins now."""
    now = moment.to_text(now_ms)
    return msgspec.structs.replace(
        before, version=before.version + 1, msg_type=transition.msg_type, pub_status=transition.pub_status,
        signals=transition.signals, first_created=now, version_created=now, expires=moment.to_text(expires_ms),
    )  # fmt: skip


def following(before: Alert, transition: Transition, now_ms: int, correction: Correction | None = None) -> Alert:
    """The version after `before`, whose content may have been amended meanwhile."""
    return msgspec.structs.replace(
        before, version=before.version + 1, msg_type=transition.msg_type, pub_status=transition.pub_status,
        signals=transition.signals, references=(Reference(before.id, before.version),), correction=correction,
        version_created=moment.to_text(now_ms),
    )  # fmt: skip
