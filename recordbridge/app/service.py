"""The service put together: adapters, engine, doors; opened in order, closed in reverse (N-7)."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from pathlib import Path

import structlog
from aiohttp import web as aioweb

from recordbridge import web
from recordbridge.app import listening, timebase, trusted
from recordbridge.app.agi import agi_door
from recordbridge.app.configured import ConfiguredApplications
from recordbridge.app.places import places, watching
from recordbridge.app.prompts import Prompting, prompting
from recordbridge.app.reload import Reload
from recordbridge.app.rest import rest_api
from recordbridge.app.storage import renew_keys, storage
from recordbridge.app.transcripts import api_key, transcribing
from recordbridge.app.workers import SETTLE_S, Workers
from recordbridge.ari.diagnosis import folder_trouble
from recordbridge.ari.link import AriPbx
from recordbridge.blobs.sounds import SoundFolder
from recordbridge.engine.deliveries import Deliveries
from recordbridge.engine.pipeline import Pipeline
from recordbridge.engine.recovery import Recovery
from recordbridge.engine.room import Room
from recordbridge.engine.router import Router
from recordbridge.engine.texts import Texts
from recordbridge.engine.transcriber import Transcriber
from recordbridge.errors import StorageError
from recordbridge.instant import Clock, SystemClock
from recordbridge.media.worker import Encoder
from recordbridge.outbound.sender import HttpSender
from recordbridge.ports.audio import Blobs
from recordbridge.settings import Settings
from recordbridge.settings.sections import Asterisk
from recordbridge.speech.remote import Remote
from recordbridge.speech.whisper import Whisper
from recordbridge.store import Database, open_store
from recordbridge.telemetry.metrics import Metrics
from recordbridge.web.api import add_api
from recordbridge.web.signing import RecordUrls
from recordbridge.web.sounds import add_sounds

log = structlog.get_logger()

GRACE_S = 8.0
"""N-7: for what is in flight when the service is told to stop."""
AWAY_S = 5.0
"""N-5: without the database for so long we are unready, and take no new call."""
URL_KEY = "url_key"
SQLITE = "sqlite:///"


class Service:
    """The running service. `links` are the Asterisks, `url` is where the doors are."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.metrics = Metrics(version("recordbridge"))
        self.workers = Workers(settings.service, self.clock)
        self.applications = ConfiguredApplications(settings)
        self.reload = Reload(settings, self.applications, self._adopt)
        self.tls = listening.certificate(settings.service)
        self.believed = trusted.applications(settings.webhooks)
        self.urls: RecordUrls
        self.blobs: Blobs
        self.listener: Whisper | Remote
        self.links: list[AriPbx] = []
        self.router: Router
        self.recovery: Recovery
        self.deliveries: Deliveries
        self.transcriber: Transcriber
        self.texts: Texts
        self.pipeline: Pipeline
        self.store: Database
        self.url = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Service]:
        """Open everything, accept calls, and close it all again.

        Raises StorageError, and ListenError when an address of ours is taken.
        """
        settings = self.settings
        async with contextlib.AsyncExitStack() as stack:
            database = settings.database.url.get_secret_value()
            _make_folder(database)
            self.store = await stack.enter_async_context(
                open_store(
                    database,
                    worker=settings.service.worker,
                    notice=self.workers.database,
                    took=self.metrics.commit_duration.observe,
                )
            )
            await timebase.go_on(self.clock, self.store)
            blobs = await stack.enter_async_context(storage(settings.storage, self.metrics))
            self.blobs = blobs
            encoder = Encoder()
            stack.callback(encoder.close)
            sender = await stack.enter_async_context(self._sender())
            urls = self.urls = await self._urls()
            shared = {each.name: _shared_folder(each) for each in settings.asterisk}
            heard = await stack.enter_async_context(
                prompting(settings, self.clock, lambda: self.url, self.believed)
            )
            self._engine(encoder, blobs, sender, urls, heard)
            stack.push_async_callback(self._stop)
            await stack.enter_async_context(self.workers.beating(lambda: self.links))
            await self._resume(shared)
            await stack.enter_async_context(self.transcriber.running())
            room = Room(list(places(settings, blobs, shared)), self.metrics)
            await stack.enter_async_context(watching(room, self.router))
            await stack.enter_async_context(self._doors(urls, blobs, heard.sounds))
            await stack.enter_async_context(linked(self.links))
            await stack.enter_async_context(self._agi(urls))
            stack.push_async_callback(self.workers.put_down)
            yield self

    def _sender(self) -> HttpSender:
        return HttpSender(
            self.settings.webhooks.allow_networks,
            self.clock,
            version=version("recordbridge"),
            tls=self.believed,
        )

    def _engine(
        self,
        encoder: Encoder,
        blobs: Blobs,
        sender: HttpSender,
        urls: RecordUrls,
        heard: Prompting,
    ) -> None:
        work = _work_folder(self.settings.storage.path, self.settings.service.worker)
        self.pipeline = Pipeline(audio=encoder, blobs=blobs, work=work)
        self.router = Router(
            store=self.store,
            pipeline=self.pipeline,
            prompts=heard.prompts,
            applications=self.applications,
            clock=self.clock,
            metrics=self.metrics,
            tenure=self.workers.tenure,
        )
        self.recovery = Recovery(
            router=self.router,
            store=self.store,
            pipeline=self.pipeline,
            worker=self.settings.service.worker if self.store.leases.shared else "",
        )
        self._delivering(sender, urls)
        self.workers.join(self.store, self.router, self.recovery, self.deliveries)
        self._listening(blobs, work)
        self.router.accepting = lambda: not self.workers.leaving and self.store.away_s < AWAY_S
        self.router.most = self.settings.service.max_calls
        loop = asyncio.get_running_loop()
        self.metrics.tasks.set_function(lambda: len(asyncio.all_tasks(loop)))

    def _delivering(self, sender: HttpSender, urls: RecordUrls) -> None:
        self.deliveries = Deliveries(
            store=self.store,
            sender=sender,
            clock=self.clock,
            tokens=self.applications.tokens,
            file_url=functools.partial(_file_url, urls, self.clock),
            settled=self.router.settled,
            schedule_s=self.settings.webhooks.schedule_s,
            metrics=self.metrics,
            commits=self.router.commits,
            sure=self.workers.tenure.sure,
        )
        self.router.deliveries = self.deliveries
        self.metrics.deliveries_backlog.set_function(lambda: self.deliveries.backlog)

    def _listening(self, blobs: Blobs, work: Path) -> None:
        submit, clock = self.deliveries.submit, self.clock
        self.transcriber, self.texts, self.listener = transcribing(
            self.settings, self.store, blobs, work, submit, clock, self.metrics
        )
        self.router.transcribe = self.transcriber.add
        if isinstance(self.listener, Whisper):
            self.router.hurry = self.listener.hold

    def _agi(self, urls: RecordUrls) -> AbstractAsyncContextManager[None]:
        file_url = functools.partial(_file_url, urls, self.clock)
        owned = self.workers.ownership
        return agi_door(self.settings, self.router, owned, self.applications, file_url, self.clock)

    async def _urls(self) -> RecordUrls:
        kept, keys = self.settings.storage, await self._url_keys(self.settings)
        public_url = self.settings.service.public_url
        return RecordUrls(public_url, keys, kept.url_ttl_days, kept.access)

    async def _url_keys(self, settings: Settings) -> list[str]:
        keys = [key.get_secret_value() for key in settings.storage.url_keys]
        return keys or [await self.store.secret(URL_KEY, secrets.token_hex(32))]

    async def _adopt(self, settings: Settings) -> None:
        """O-4: what SIGHUP changes of the running service, beside the applications."""
        keys = await self._url_keys(settings)
        if self.tls is not None:
            listening.renew(self.tls, self.settings.service)
        self.urls.use(keys)
        renew_keys(self.blobs, settings.storage)
        for configured in settings.asterisk:
            for link in self.links:
                if link.name == configured.name:
                    link.use_password(configured.password.get_secret_value())
        if isinstance(self.listener, Remote):
            self.listener.use_key(api_key(settings.transcription))

    async def _resume(self, shared: dict[str, Path | None]) -> None:
        """N-1: the calls and requests that were open when we last stopped."""
        self.links = [self._link(each, shared[each.name]) for each in self.settings.asterisk]
        calls = 0
        for link in self.links:
            self.router.attach(link)
            calls += await self.recovery.load(link.name)
        requests = await self.deliveries.resume()
        log.info("resumed", calls=calls, requests=requests)

    def _link(self, asterisk: Asterisk, recordings: Path | None) -> AriPbx:
        name = asterisk.name
        connected = self.metrics.ari_connected.labels(name)
        connected.set(0)

        async def up() -> None:
            await self.recovery.reconcile(link)
            connected.set(1)

        def down(reason: str) -> None:
            self.router.lost(name)
            connected.set(0)
            log.warning("asterisk_away", asterisk=name, reason=reason)

        link = AriPbx(
            name,
            asterisk.url,
            asterisk.username,
            asterisk.password.get_secret_value(),
            asterisk.app,
            recordings=recordings,
            clock=self.clock,
            sink=functools.partial(self.router.fact, name),
            on_up=up,
            on_down=down,
            log=log,
            tls=trusted.asterisk(asterisk),
            offers=self.workers.claims(name),
        )
        self.metrics.ari_events.read(link.events_seen)
        return link

    def _application(
        self, urls: RecordUrls, blobs: Blobs, sounds: SoundFolder
    ) -> aioweb.Application:
        application = web.application(
            rows=self.store,
            files=blobs,
            urls=urls,
            accounts=self.applications.accounts,
            clock=self.clock,
            checks={"database": functools.partial(_database_ready, self.store)}
            | {f"asterisk:{link.name}": functools.partial(_ready, link) for link in self.links},
            registry=self.metrics.registry,
        )
        add_sounds(application, sounds)
        api = rest_api(
            self.applications.owner,
            self.store,
            blobs,
            self.router,
            self.deliveries,
            self.texts,
            urls,
            self.clock,
            self.workers.ownership,
            self.workers.commands.ask if self.store.leases.shared else None,
        )
        add_api(application, api)
        return application

    @contextlib.asynccontextmanager
    async def _doors(
        self, urls: RecordUrls, blobs: Blobs, sounds: SoundFolder
    ) -> AsyncIterator[None]:
        application = self._application(urls, blobs, sounds)
        service = self.settings.service
        async with listening.listening(application, service, self.tls, grace_s=GRACE_S) as self.url:
            yield

    async def _stop(self) -> None:
        """N-7: finish what is in flight, keep the rest for the next start."""
        await self.workers.put_down()  # if the start failed
        grace_s = GRACE_S - SETTLE_S
        await asyncio.gather(self.pipeline.close(grace_s), self.deliveries.close(grace_s))
        await self.workers.resign()


@contextlib.asynccontextmanager
async def linked(links: Sequence[AriPbx]) -> AsyncIterator[None]:
    """Connected to each, or trying to, for as long as the context lasts."""
    tasks = [asyncio.create_task(link.run(), name=f"ari {link.name}") for link in links]
    for task in tasks:
        task.add_done_callback(tell_broken)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def tell_broken(task: asyncio.Task[None]) -> None:
    """A link ends only when it is told to or stands by; any other end would go unnoticed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("link_broke", link=task.get_name(), exc_info=error)


def _shared_folder(asterisk: Asterisk) -> Path | None:
    """Asterisk's recording folder when it can be used; without it files are fetched over ARI."""
    if asterisk.recordings is None:
        return None
    found = folder_trouble(asterisk.recordings)
    for trouble in found:
        log.error(
            "recordings_folder_unusable",
            asterisk=asterisk.name,
            reason=f"{trouble}; files come over ARI",
        )
    return None if found else asterisk.recordings


def _make_folder(database: str) -> None:
    """The folder of a new database; what is wrong with it is told by `open_store`."""
    if database.startswith(SQLITE):
        with contextlib.suppress(OSError):
            Path(database.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)


def _work_folder(storage: Path, worker: str) -> Path:
    """For files in the making, of this worker alone; what a killed process left there is made
    again.
    """
    work = storage / "work" / worker
    try:
        work.mkdir(parents=True, exist_ok=True)
        for leftover in work.iterdir():
            leftover.unlink()
    except OSError as error:
        raise StorageError.of(error, f"the folder {work} cannot be used") from error
    return work


def _file_url(urls: RecordUrls, clock: Clock, account: str, name: str) -> str:
    recording_id, _, ext = name.partition(".")
    return urls.record_url(account, recording_id, ext, clock())


async def _database_ready(store: Database) -> str:
    away_s = store.away_s
    return "" if away_s < AWAY_S else f"the database is away for {away_s:.0f} s"


async def _ready(link: AriPbx) -> str:
    return "" if link.connected else "not connected"
