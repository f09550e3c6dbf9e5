"""The OpenAPI description of the API, made from the routes that are served, the table of operations and the models.

The rule to remember: what is not served is not described, and what is served and not described raises.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.routing import Route

from service.api import operations, schemas
from service.api.operations import HEADERS, Good, Operation
from service.api.problems import KINDS
from service.domain.newsroom import Newsroom

PROBLEM_MEDIA = "application/problem+json"
EVERYWHERE = ("bad-request", "slow-head", "head-too-large")
"""Refusals of requests that no route has seen."""
UNHEARD = frozenset({"HEAD", "OPTIONS"})
"""Answered everywhere, and described nowhere: HEAD is a GET without its body."""
_HASH = re.compile(r"-[0-9a-f]{16}\.")
_TAGS = {
    "editors": "What a newsroom does, with a key.",
    "keys": "Who may do that, for how long.",
    "readers": "What pages fetch; open to every origin. The live stream is described in /asyncapi.yaml.",
    "apps": "What phones and browsers say.",
    "pages": "What a browser loads.",
    "operators": "What machines ask.",
}
_INTRODUCTION = (
    "Breaking news from an editor to every open page and phone, and back again when it was wrong. "
    "Refusals are RFC 9457 problems; each `type` is the address of a page that explains it. "
    "Unknown query parameters are ignored, unknown fields of a body are refused. "
    "HEAD and OPTIONS are answered everywhere."
)


class Undescribed(Exception):
    """A route is served that stands in no table."""


def document(routes: Sequence[Route], newsroom: Newsroom, version: str, *, allow_http: bool) -> dict[str, Any]:
    """The description. Raises Undescribed."""
    table = operations.table(newsroom)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        for method in sorted((route.methods or set()) - UNHEARD):
            operation = table.get(f"{method} {_HASH.sub('-{hash}.', route.path)}")
            if operation is None:
                raise Undescribed(f"{method} {route.path} stands in no table of service/api/operations.py")
            paths.setdefault(route.path, {})[method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Flashwire", "version": version, "description": _INTRODUCTION,
                 "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": what} for name, what in _TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.components(newsroom, allow_http=allow_http),
            "examples": {slug: {"value": _example(slug)} for slug in sorted(KINDS)},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: fw_live_… or fw_test_…"},
                "secret": {"type": "http", "scheme": "bearer", "description": "A device's secret, from its "
                           "registration."},
            },
        },
    }  # fmt: skip


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id, "tags": [operation.tag], "summary": operation.summary,
        "security": [{name: []} if name else {} for name in operation.security],
    }  # fmt: skip
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body is not None:
        content: dict[str, Any] = {"schema": schemas.ref(operation.body)}
        if operation.example is not None:
            content["example"] = operation.example
        described["requestBody"] = {"required": operation.body_needed, "content": {"application/json": content}}
    answers = {str(status): _good(good) for status, good in operation.good.items()}
    if 201 in operation.good and operation.links:
        answers["201"]["links"] = {name: _link(name) for name in operation.links}
    answers |= _refusals((*operation.problems, *EVERYWHERE), answers.keys())
    return described | {"responses": dict(sorted(answers.items()))}


def _good(good: Good) -> dict[str, Any]:
    described: dict[str, Any] = {"description": good.what}
    if good.headers:
        described["headers"] = {name: HEADERS[name] for name in good.headers}
    if good.media is not None:
        media = [good.media] if good.also is None else [good.media, good.also]
        described["content"] = {
            each: {"schema": good.schema} if good.schema and each == good.media else {} for each in media
        }
    return described


def _refusals(slugs: Iterable[str], taken: Iterable[str]) -> dict[str, Any]:
    """Problems by status, each status once: what it may be, and an example of each."""
    by_status: dict[int, list[str]] = {}
    for slug in dict.fromkeys(slugs):
        by_status.setdefault(KINDS[slug].status, []).append(slug)
    taken = set(taken)
    return {str(status): _refusal(status, found) for status, found in by_status.items() if str(status) not in taken}


def _refusal(status: int, slugs: list[str]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": "; ".join(KINDS[slug].title for slug in slugs),
        "content": {PROBLEM_MEDIA: {
            "schema": schemas.ref("Problem"),
            "examples": {slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs},
        }},
    }  # fmt: skip
    if status == 401:
        described["headers"] = {"WWW-Authenticate": HEADERS["WWW-Authenticate"]}
    if status in (429, 503):
        described["headers"] = {"Retry-After": {**HEADERS["Retry-After"], "required": True}}
    return described


def _example(slug: str) -> dict[str, Any]:
    kind = KINDS[slug]
    return {"type": f"/problems/{slug}", "title": kind.title, "status": kind.status, "detail": kind.meaning}


def _link(name: str) -> dict[str, Any]:
    parameters = {"path.id": "$response.body#/id" if name.endswith("Key") else "$response.body#/alert/id"}
    if name in ("update", "correct"):
        parameters["header.If-Match"] = "$response.header.ETag"
    return {"operationId": name, "parameters": parameters}
