"""A lane: everything that one process shares in sending through one provider.

The rule to remember: lanes are bulkheads. A provider that is ill stops its own lane and no other, and inside a lane
standard work stands still while express work is under way.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from config.settings import Settings
from service.clock import steady_ms
from service.domain.alert import Alert
from service.domain.device import Platform
from service.domain.newsroom import Newsroom, public
from service.domain.outcome import OurFault, Outcome
from service.domain.pacing import Breaker, GoneGuard
from service.domain.payloads import apns, fcm, webpush
from service.domain.payloads.notification import Change, Message, Notification, notify
from service.store.connection import Store
from service.store.ledger import Ledger
from workers.push.http import Window
from workers.push.providers import Provider

log = structlog.get_logger("push")

BEGUN_FOR_S = 0.5
"""How long what the ledger has begun may still leave; a kill must silence everything within a second."""
BUILT_MAX = 64
"""Messages kept ready; an alert needs at most six forms of each version."""

GRACE_S = 0.15
"""How long standard work still waits after express work: a block that needs another run is back by then."""
SHRUNK_BYTES = 2048
"""Half of what all three document."""

Build = Callable[..., Message]
BUILDERS: dict[Platform, Build] = {"apns": apns.build, "fcm": fcm.build, "webpush": webpush.build}


class Lane:
    """One provider in one process. `breaker` says whether it may be spoken to, `window` how many requests fly."""

    def __init__(
        self, platform: Platform, provider: Provider, store: Store, ledger: Ledger, newsroom: Newsroom,
        settings: Settings, public_url: str,
    ) -> None:  # fmt: skip
        self.platform = platform
        self.provider = provider
        self.store = store
        self.ledger = ledger
        self.settings = settings
        self.breaker = Breaker(settings.breaker_failures, settings.breaker_pause_s)
        self.guard = GoneGuard(settings.gone_share_max)
        self.window = Window(settings.push_window, BEGUN_FOR_S)
        self.stopping = False
        self._is_heard = False
        self._newsroom = newsroom
        self._public_url = public_url
        self._built: OrderedDict[tuple[str, int, Change, bool, bool], Message] = OrderedDict()
        self._express = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def is_sure(self) -> bool:
        """Whether the provider has answered this process, and is not being left alone."""
        return self._is_heard and self.breaker.is_closed()

    @asynccontextmanager
    async def express(self) -> AsyncIterator[None]:
        """While this is held, standard work of the lane waits."""
        self._express += 1
        self._quiet.clear()
        try:
            yield
        finally:
            asyncio.get_running_loop().call_later(GRACE_S, self._express_has_ended)

    def _express_has_ended(self) -> None:
        self._express -= 1
        if not self._express:
            self._quiet.set()

    async def let_express_pass(self, at_most_s: float) -> bool:
        """Wait until no express work is under way; False if it still was after `at_most_s`."""
        if self._quiet.is_set():
            return True
        try:
            async with asyncio.timeout(at_most_s):
                await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    def observe(self, result: Outcome) -> None:
        """Learn from what came of a send; says in the log, once, when the lane stops."""
        was_closed, was_tripped, opened = self.breaker.is_closed(), self.guard.tripped, self.breaker.opened
        self._is_heard = True
        self.breaker.observe(result, steady_ms())
        self.guard.observe(result)
        if isinstance(result, OurFault) and result.stops_lane and was_closed:
            log.error("the provider refuses us; nothing is sent until that is mended", cause=result.cause)
        elif self.breaker.opened > opened:
            log.warning("the provider is left alone for a while", wait_ms=self.breaker.wait_ms(steady_ms()))
        if self.guard.tripped and not was_tripped:
            log.error("most tokens seem to be gone: nobody is removed until that changes; look at it")

    def message(self, alert: Alert, change: Change, *, sound: bool, shrunk: bool = False) -> Message:
        """The finished message for this platform: built once per version, change and sound.

        `shrunk`: for a provider that takes less than it documents.
        """
        key = (alert.id, alert.version, change, sound, shrunk)
        message = self._built.get(key)
        if message is None:
            edition = self._newsroom.edition(alert.edition)
            assert edition is not None, "the dispatcher plans alerts of our editions alone"
            shown = notify(public(alert, edition), edition, change, self._public_url)
            message = self._built[key] = self._build(shown, sound=sound, shrunk=shrunk)
            if len(self._built) > BUILT_MAX:
                self._built.popitem(last=False)
        return message

    def _build(self, shown: Notification, *, sound: bool, shrunk: bool) -> Message:
        build = BUILDERS[self.platform]
        return build(shown, sound=sound, bytes_max=SHRUNK_BYTES) if shrunk else build(shown, sound=sound)
