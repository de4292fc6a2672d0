"""Several Dials on an Asterisk whose codecs.conf is as distributions ship it (S-1).

On Debian's, the service has each Dial mixed then; on others nothing has to be done. With
`genericplc_on_equal_codecs`, Debian's would lose a party to whom somebody is connected, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests import rigged
from tests.service import stereo
from tests.service.callees import Callees
from tests.service.service import Service
from tests.service.steps import silence, speak
from tests.service.test_dial import dial, number
from tests.service.test_session_dials import row
from tests.service.test_transfers import ARMED, seconds
from tests.service.transfers import attended

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A rig of the module's own."""
    state = tmp_path_factory.mktemp("rig")
    with rigged.running(state, RIG_EQUAL_CODECS="false") as facts:
        yield facts


@pytest.mark.rule("S-1", "X-8")
@pytest.mark.parametrize("channels", ["mono", "stereo"])
async def test_each_callee_is_heard_all_the_same(service: Service, channels: str) -> None:
    await row(service, channels)


@pytest.mark.rule("S-1", "S-2", "F-4")
async def test_two_of_our_calls_are_connected(service: Service) -> None:
    """A callee of the first, who is the caller of the second, drops out of both."""
    lines = [service.line(), service.line()]
    for line in lines:
        line.answers(line.record(**ARMED), dial(line, number(line)))
    async with Callees(service.carrier) as callees:
        call = await lines[0].call([speak(20)])
        callee = await callees.next(number(lines[0]))
        await callee.answer()
        asking = await lines[1].call([silence(20)])
        other = await callees.next(number(lines[1]))
        await other.answer()
        await asking.answered()
        await other.speak(0.5, 40)
        await attended(callee, asking)
        await asking.ended()
        await callee.hang_up()
        hears, heard = await other.listen(), await call.listen()
        await other.speak(1.5, 55)
        assert seconds(await hears.heard()), "the first caller is not heard"
        assert 55 in seconds(await heard.heard()), "the first caller does not hear the other"
        await other.hang_up()
        kept = [await stereo.delivered(line) for line in lines]
        for line in lines:
            assert (await line.next("dialled")).params["DialStatus"] == "completed"
            await line.next("hangup")
        await call.ended()
    assert 55 in seconds(kept[0].far)
    assert {40, 55} <= seconds(kept[1].far)
    assert seconds(kept[1].caller), "the first caller is the second call's now"
