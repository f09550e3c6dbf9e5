"""What an app says of an alert it was given: that it was shown, or opened.

The rule to remember: receipts are counted and not kept. Who read what is nobody's business.
"""

from typing import Literal, cast, get_args

import msgspec

from service.domain.checks import ID_FORM
from service.domain.errors import Finding, Invalid
from service.domain.fields import FINDINGS_MAX, Fields

RECEIPTS_MAX = 100
VERSION_MAX = 999_999
What = Literal["shown", "opened"]
_KNOWN = ("alert", "version", "what", "at")


class Receipt(msgspec.Struct, frozen=True):
    """One version of one alert was shown or opened on the device that says so."""

    alert: str
    version: int
    what: What


def check_receipts(body: object) -> tuple[Receipt, ...]:
    """The receipts of a body, at most 100. Raises Invalid with every finding."""
    if not isinstance(body, list) or not 1 <= len(body) <= RECEIPTS_MAX:
        raise Invalid((Finding("", f"must be a list of 1 to {RECEIPTS_MAX} receipts"),))
    findings: list[Finding] = []
    receipts = tuple(_receipt(item, f"/{index}", findings) for index, item in enumerate(body))
    if findings:
        raise Invalid(tuple(findings[:FINDINGS_MAX]))
    return receipts


def _receipt(item: object, pointer: str, findings: list[Finding]) -> Receipt:
    if not isinstance(item, dict):
        findings.append(Finding(pointer, "must be an object"))
        return Receipt("", 0, "shown")
    read = Fields(item)
    read.know(_KNOWN)
    alert, version = item.get("alert"), item.get("version")
    if not isinstance(alert, str) or not ID_FORM.fullmatch(alert):
        read.wrong("/alert", "must be the id of an alert: 26 characters of the ULID alphabet")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= VERSION_MAX:
        read.wrong("/version", "must be a version of the alert")
    what = read.choice("what", get_args(What), "")
    if read.moment("at") is None and item.get("at") is None:
        read.wrong("/at", "is missing: when it was")
    findings += [Finding(f"{pointer}{found.pointer}", found.detail) for found in read.findings]
    return Receipt(str(alert), cast(int, version), what)
