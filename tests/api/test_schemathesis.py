"""schemathesis asks the API what its description invites, and what it forbids; every check is on.

The rule to remember: a run that reached nothing proves nothing. Each operation must have answered as it does when all
is well, so alerts and devices are made for the requests that need one.
"""

import asyncio
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import AuthContext, Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.engine import events, from_schema
from schemathesis.schemas import BaseSchema
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.store.embedded import EmbeddedStore
from tests.api.conftest import ALERT, Api, serving, settings_for
from tests.processes import System

CONFIG = Path(__file__).with_name("schemathesis.toml")
CHECKS = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "missing_required_header",
    "unsupported_method", "allow_header_conformance", "use_after_free", "ensure_resource_availability", "ignored_auth",
    "object_level_authorization",
}  # fmt: skip
PHASES = {"examples", "coverage", "fuzzing", "stateful"}
LIMITS = {
    "registrations_per_address_per_min": 1_000_000, "writes_per_key_per_min": 1_000_000, "keys_max": 10_000,
    "wrong_keys_per_address_per_min": 1_000_000, "wrong_keys_per_id_per_min": 1_000_000,
}  # fmt: skip
REGISTRATION = {"platform": "apns", "topic": "org.example.news", "preferences": {"editions": ["en"]}}
IDS = re.compile("[0-9A-HJKMNP-TV-Z]{26}")
KEY_IDS = re.compile("[0-9A-HJKMNP-TV-Z]{10}")
WELL = re.compile("2..|307")
RARE = {"GET /readyz", "GET /a/{id}"}
"""A page of an alert may be the way to its article."""
CASES_MIN = 1200
OPERATIONS_MIN = 25

Post = Callable[[str, Mapping[str, Any], Mapping[str, str]], dict[str, Any]]
"""POST: address, body, headers; the answer's JSON."""


class Found:
    """What a run has come to: its failures, and which statuses each operation has answered."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.statuses: dict[str, set[int]] = defaultdict(set)
        self.checks: set[str] = set()
        self.phases: set[str] = set()
        self.cases = 0

    def take(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError):
            self.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            self.failures.append(repr(event.exception))
        elif isinstance(event, events.PhaseFinished):
            self.phases.add(event.phase.name.value)
        elif isinstance(event, events.ScenarioFinished):
            self._judge(event)

    def _judge(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        for case_id, checks in recorder.checks.items():
            operation = recorder.cases[case_id].value.operation.label
            answer = recorder.interactions[case_id].response if case_id in recorder.interactions else None
            if answer is not None:
                self.statuses[operation].add(answer.status_code)
            self.cases += 1
            for check in checks:
                self.checks.add(check.name)
                if check.failure_info is not None:
                    failure, sample = check.failure_info.failure, check.failure_info.code_sample
                    self.failures.append(f"{operation}: {failure.title}: {failure.message}\n{sample}")


class Making:
    """Who makes what a request is about: a fresh alert or device, with the key or secret that goes with it."""

    def __init__(self, schema: BaseSchema, post: Post, key: str, admin: str) -> None:
        self._post = post
        self._key = {"Authorization": f"Bearer {key}"}
        self._admin = {"Authorization": f"Bearer {admin}"}
        making = self

        @schema.auth(refresh_interval=None).apply_to(path_regex="^/v1/(devices/|receipts)")
        class _Devices:
            def get(self, case: Case[Any], context: AuthContext) -> Case[Any]:
                return case

            def set(self, case: Case[Any], data: Case[Any], context: AuthContext) -> None:
                making.device(case)

        @schema.auth(refresh_interval=None).apply_to(path_regex="^/(v1/alerts|v1/stories|v1/tickets|a/)")
        class _Alerts:
            def get(self, case: Case[Any], context: AuthContext) -> Case[Any]:
                return case

            def set(self, case: Case[Any], data: Case[Any], context: AuthContext) -> None:
                making.alert(case)

        @schema.auth(refresh_interval=None).apply_to(path_regex="^/v1/keys")
        class _Keys:
            def get(self, case: Case[Any], context: AuthContext) -> Case[Any]:
                return case

            def set(self, case: Case[Any], data: Case[Any], context: AuthContext) -> None:
                making.key(case)

    def device(self, case: Case[Any]) -> None:
        """A device of its own for a request that names one in due form."""
        made = self._post("/v1/devices", {**REGISTRATION, "token": uuid.uuid4().hex * 2}, {})
        case.headers["Authorization"] = f"Bearer {made['secret']}"
        if IDS.fullmatch(str(case.path_parameters.get("id", ""))):
            case.path_parameters["id"] = made["id"]

    def key(self, case: Case[Any]) -> None:
        """A test admin of its own, which `revoke-all` may end, and a key of its own for a request that names one."""
        asker = self._post("/v1/keys", {"role": "admin", "name": "asker", "test": True}, self._admin)
        case.headers["Authorization"] = f"Bearer {asker['key']}"
        if KEY_IDS.fullmatch(str(case.path_parameters.get("id", ""))) and not _follows(case):
            made = self._post("/v1/keys", {"role": "editor", "name": "asked of", "test": True}, self._admin)
            case.path_parameters["id"] = made["id"]

    def alert(self, case: Case[Any]) -> None:
        """An alert of its own for a request that names one in due form and does not come from another answer."""
        case.headers.update(self._key)
        if IDS.fullmatch(str(case.path_parameters.get("id", ""))) and not _follows(case):
            made = self._post("/v1/alerts", {**ALERT, "push": False}, self._key)
            case.path_parameters["id"] = made["alert"]["story" if "/stories/" in case.path else "id"]
            if re.fullmatch('"[0-9]+"', str(case.headers.get("If-Match", ""))):
                case.headers["If-Match"] = '"1"'


def _follows(case: Case[Any]) -> bool:
    """Whether a link of an earlier answer led here."""
    return case.meta is not None and case.meta.phase.name.value == "stateful"


def run(schema: BaseSchema) -> Found:
    """The whole run, in every phase."""
    found = Found()
    for event in from_schema(schema).execute():
        found.take(event)
    return found


def judge(found: Found, schema: BaseSchema) -> None:
    """Nothing was found, and everything was asked."""
    assert not found.failures, "\n\n".join(found.failures[:8])
    assert found.phases >= PHASES
    assert found.checks == CHECKS, (found.checks, found.cases)
    operations = {result.ok().label for result in schema.get_all_operations() if isinstance(result, Ok)}
    assert len(operations) > OPERATIONS_MIN
    assert found.statuses.keys() == operations
    never = {name for name in operations - RARE if not any(WELL.fullmatch(str(s)) for s in found.statuses[name])}
    assert not never, f"never answered well: {never}"
    assert found.cases > CASES_MIN


def config() -> SchemathesisConfig:
    return SchemathesisConfig.from_path(CONFIG)


async def test_schemathesis_finds_nothing_over_a_socket(tmp_path: Path) -> None:
    with System(tmp_path, **LIMITS) as system, httpx.Client(base_url=system.url) as client:

        def post(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
            made: dict[str, Any] = client.post(path, json=body, headers=headers).raise_for_status().json()
            return made

        schema = schemathesis.openapi.from_url(f"{system.url}/openapi.json", config=config())
        admin = system.done("keys", "create", "--role", "admin", "--name", "head of desk")["key"]
        Making(schema, post, system.key, admin)
        found = await asyncio.to_thread(run, schema)
    judge(found, schema)


def elsewhere(app: ASGIApp, loop: asyncio.AbstractEventLoop) -> ASGIApp:
    """The app for the loop of whoever asks, while it runs in its own, where its store is connected."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        here = asyncio.get_running_loop()

        async def received() -> Message:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(receive()), here))

        async def sent(message: Message) -> None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(send(message)), here))

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_awaited(app(scope, received, sent)), loop))

    return asked


async def _awaited(what: Any) -> Any:
    return await what


async def test_schemathesis_finds_nothing_in_process(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, **LIMITS)) as api:
        loop = asyncio.get_running_loop()

        def post(path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
            answer = asyncio.run_coroutine_threadsafe(api.client.post(path, json=body, headers=headers), loop).result()
            made: dict[str, Any] = answer.raise_for_status().json()
            return made

        app = elsewhere(api.process.app, loop)
        schema = await asyncio.to_thread(schemathesis.openapi.from_asgi, "/openapi.json", app, config=config())
        Making(schema, post, api.keys["duty"], api.keys["admin"])
        found = await asyncio.to_thread(run, schema)
    judge(found, schema)


def lying(app: ASGIApp, status: int | None, body: bytes | None) -> ASGIApp:
    """The app, but its answers have another status or another body."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and status is not None:
                message = {**message, "status": status}
            if message["type"] == "http.response.body" and body is not None:
                message = {**message, "body": body.ljust(len(message["body"]))}
            await send(message)

        await app(scope, receive, sent)

    return asked


@pytest.mark.parametrize(
    ("status", "body", "title"),
    [(418, None, "Undocumented status code"), (None, b"{}", "Response violates schema"),
     (500, None, "Server error")],
    ids=["a status of its own", "a body without its fields", "a fault"],
)  # fmt: skip
async def test_schemathesis_finds_an_api_that_is_not_as_described(
    api: Api, status: int | None, body: bytes | None, title: str
) -> None:
    document = (await api.get("/openapi.json")).json()
    document["paths"] = {path: methods for path, methods in document["paths"].items() if path == "/version"}
    schema = schemathesis.openapi.from_dict(document, config=config())
    schema.app = lying(elsewhere(api.process.app, asyncio.get_running_loop()), status, body)
    found = await asyncio.to_thread(run, schema)
    assert any(title in failure for failure in found.failures), found.failures
