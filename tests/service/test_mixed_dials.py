"""Several Dials on an Asterisk whose codecs.conf is as distributions ship it (S-1).

On Debian's, the service has each Dial mixed then; on others nothing has to be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests import rigged
from tests.service.service import Service
from tests.service.test_session_dials import row

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
