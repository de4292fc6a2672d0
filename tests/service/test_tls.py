"""TLS with real certificates: our doors, the requests to applications, sounds (E-4, E-6, H-5).

The authority is the test's own, so nobody believes it who is not told to.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from tests.service.certificates import Certificates
from tests.service.conftest import Change, judge, running
from tests.service.service import TOKEN, Service, signatures, true
from tests.service.sounds import play
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def secure(certificates: Certificates, **webhooks: object) -> Change:
    """Our doors speak TLS; what `webhooks` says of the applications' certificates."""

    def changed(settings: dict[str, Any]) -> None:
        service = settings["service"]
        service |= certificates.settings()
        service["public_url"] = service["public_url"].replace("http://", "https://")
        settings["webhooks"] |= webhooks

    return changed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    rig: Mapping[str, str], certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    change = secure(certificates, tls_ca=str(certificates.authority))
    async with running(rig, tmp_path_factory.mktemp("tls"), change, certificates) as service:
        yield service
        await service.nothing_left()
        await service.program.stop()
        judge(service.program)


@pytest.mark.rule("E-4", "H-2", "H-5", "Q-3")
async def test_a_call_of_which_everything_is_encrypted(service: Service) -> None:
    line = service.line()
    line.answers(play(line, "sound", 1), line.record())
    call = await line.call([speak(5), press("#")])
    answer = await line.next("answer")
    assert answer.url.startswith("https://127.0.0.1:")
    assert answer.signed_with(TOKEN)
    assert await line.next("sound")
    kept = await line.delivered()
    assert kept.callback["RecordUrl"].startswith("https://127.0.0.1:")
    true(kept)
    await call.ended()
    await line.next("hangup")
    assert signatures(service) >= 4
    async with aiohttp.ClientSession() as strangers:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await strangers.get(kept.callback["RecordUrl"])


async def presented(service: Service) -> bytes:
    """The certificate that a new connection gets."""
    there = urlsplit(service.program.url)
    assert service.program.tls is not None
    _, writer = await asyncio.open_connection(
        there.hostname, there.port, ssl=service.program.tls.client
    )
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    assert isinstance(found, bytes)
    return found


@pytest.mark.rule("O-4")
async def test_a_renewed_certificate_is_taken_without_a_restart(
    service: Service, certificates: Certificates
) -> None:
    before, since = await presented(service), len(service.program.log)
    certificates.renew()
    service.program.hang_up()
    await service.program.said("reloaded", since=since)
    assert await presented(service) != before
    good, since = certificates.key.read_text(), len(service.program.log)
    certificates.key.write_text("no key")
    service.program.hang_up()
    told = await service.program.said("reload_refused", since=since)
    assert "service.tls_cert" in told["mistakes"][0]
    service.program.log.remove(told)  # the one error that was wanted
    certificates.key.write_text(good)
    await presented(service)


@pytest.mark.rule("E-6")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_versions_that_nobody_should_speak_are_refused(
    service: Service, certificates: Certificates, version: ssl.TLSVersion
) -> None:
    old = ssl.create_default_context(cafile=certificates.authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match=r"TLSv1"):
        old.minimum_version = old.maximum_version = version
    there = urlsplit(service.program.url)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(there.hostname, there.port, ssl=old)
