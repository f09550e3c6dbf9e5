"""Others' senders work against the sandbox: aioapns, and pywebpush over HTTP/1.1."""

import asyncio
import json
import uuid
from pathlib import Path

import requests
from aioapns import APNs, NotificationRequest, PushType
from py_vapid import Vapid  # type: ignore[import-untyped]
from pywebpush import webpush  # type: ignore[import-untyped]

from tests.sandbox.conftest import Running

TOKEN = "a1" * 32
ALERT = "7Q0F8R2K5M9TB4W6YE3XCZ01JV"


async def test_aioapns_rings_a_phone(sandbox: Running) -> None:
    apns = APNs(
        key=Path(sandbox.where.apns_key_file).read_text(),
        key_id=sandbox.where.apns_key_id,
        team_id=sandbox.where.apns_team_id,
        topic=sandbox.where.apns_topic,
        ssl_context=sandbox.trust,
    )
    apns.pool.protocol_class.APNS_SERVER = "localhost"
    apns.pool.protocol_class.APNS_PORT = int(sandbox.where.apns.rpartition(":")[2])
    content = {
        "aps": {"alert": {"title": "Urgent", "body": "Ferries resume"}, "sound": "default"},
        "alert": ALERT,
        "version": 1,
    }
    async with asyncio.timeout(60):
        result = await apns.send_notification(
            NotificationRequest(TOKEN, content, str(uuid.uuid4()), 60, 10, ALERT, PushType.ALERT)
        )
    assert result.is_successful, result.description
    (phone,) = await sandbox.phones()
    assert phone["showing"][0]["body"] == "Ferries resume"


async def test_pywebpush_rings_a_browser(sandbox: Running) -> None:
    made = await sandbox.ask("POST", "/v1/subscriptions", {"count": 2})
    subscription = made["subscriptions"][0]
    vapid = Vapid()
    vapid.generate_keys()
    session = requests.Session()
    session.trust_env, session.verify = False, sandbox.where.provider_ca_file
    content = {
        "web_push": 8030,
        "notification": {
            "title": "Urgent",
            "body": "Ferries resume",
            "tag": ALERT,
            "data": {"alert": ALERT, "version": 1},
        },
    }
    answer = await asyncio.to_thread(
        webpush,
        subscription,
        json.dumps(content),
        vapid,
        {"sub": "mailto:desk@news.example"},
        ttl=60,
        requests_session=session,
    )
    assert not isinstance(answer, str)
    assert answer.status_code == 201
    (phone,) = await sandbox.phones(f"?alert={ALERT}")
    assert phone["token"] == subscription["endpoint"]
    assert phone["showing"][0]["body"] == "Ferries resume"
