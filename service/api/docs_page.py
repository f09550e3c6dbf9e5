"""`/docs` as HTML: the OpenAPI description, for people. No script, nothing to load.

The rule to remember: it shows the document that /openapi.json is, so that the two cannot say different things.
"""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from service.api import own_style

STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:2rem auto;max-width:56rem;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem}h2{margin-top:2.5rem;text-transform:capitalize}h3{font-size:1.05rem;margin:1.5rem 0 .3rem}"
    "p{margin:.3rem 0}code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{overflow:auto;padding:.6rem;"
    "border:1px solid GrayText;border-radius:.3rem}table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid GrayText;padding:.2rem .5rem;text-align:start;vertical-align:top}"
    "summary{cursor:pointer}"
)
POLICY = own_style.policy(STYLE)


def render(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document."""
    info = document["info"]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>",
        '<p>For programs: <a href="/openapi.json">openapi.json</a>, and <a href="/asyncapi.yaml">asyncapi.yaml</a> '
        "for the live stream.</p>",
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>")
        parts += [
            _operation(method, path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if operation["tags"] == [tag["name"]]
        ]
    parts.append("<h2>Schemas</h2>")
    parts += [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}: the API</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    name = escape(operation["operationId"], quote=True)
    return "".join((
        f'<h3 id="{name}"><code>{method.upper()} {escape(path)}</code></h3><p>{escape(operation["summary"])}</p>',
        _security(operation["security"]),
        _parameters(operation.get("parameters", ())),
        _body(operation.get("requestBody")),
        _answers(operation["responses"]),
    ))  # fmt: skip


def _security(schemes: list[dict[str, Any]]) -> str:
    names = [next(iter(scheme), "nothing") for scheme in schemes]
    return f"<p>Authorization: {escape(' or '.join(names))}</p>" if names else ""


def _parameters(parameters: Any) -> str:
    rows = [
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{escape(each['description'])}{' Needed.' if each['required'] else ''}</td></tr>"
        for each in parameters
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _body(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    content = body["content"]["application/json"]
    example = f"<pre>{_json(content['example'])}</pre>" if "example" in content else ""
    return f"<p>Body: {_named(content['schema'])}{'' if body['required'] else ', optional'}</p>{example}"


def _answers(answers: Mapping[str, Any]) -> str:
    rows = []
    for status, answer in answers.items():
        schemas = [_named(content["schema"]) for content in answer.get("content", {}).values() if "schema" in content]
        rows.append(f"<tr><td>{status}</td><td>{escape(answer['description'])}</td><td>{' '.join(schemas)}</td></tr>")
    return f"<details><summary>Answers</summary><table>{''.join(rows)}</table></details>"


def _named(schema: Mapping[str, Any]) -> str:
    name = escape(schema["$ref"].rpartition("/")[2])
    return f'<a href="#schema-{name}">{name}</a>'


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    name = escape(name)
    return f'<details id="schema-{name}"><summary><code>{name}</code></summary><pre>{_json(schema)}</pre></details>'


def _json(value: Any) -> str:
    return escape(json.dumps(value, indent=2, ensure_ascii=False), quote=False)
