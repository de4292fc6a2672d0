"""SIGHUP on the running service, with calls: numbers, accounts, tokens, certificates (O-4, H-2)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.receiver import Reply
from tests.service.asking import api, ask
from tests.service.conftest import judge
from tests.service.service import ACCOUNT, TOKEN, Service, document
from tests.service.steps import press, speak

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

NEWER = "example-token-0009-newer-abc"


async def changed(service: Service, **sections: Any) -> dict[str, Any]:
    """The file with these sections, taken over; what the log says of it."""
    program = service.program
    content = yaml.safe_load(program.file.read_text())
    program.file.write_text(yaml.safe_dump(content | sections, sort_keys=False))
    since = len(program.log)
    program.hang_up()
    return await program.said("reloaded", since=since)


@pytest.mark.rule("O-4", "F-1", "H-2")
async def test_a_new_number_and_a_new_token_while_a_call_goes_on(service: Service) -> None:
    """The call that runs is not touched; its later requests are signed with both tokens."""
    content = yaml.safe_load(service.program.file.read_text())
    line, new = service.line(), service.number("7999")
    line.answers(line.record(maxLength=30), "<Wait length='60'/>")
    call = await line.call([speak(6), press("#")])
    assert (await line.next("answer")).signed_with(TOKEN)
    await call.answered()
    applications = content["applications"] | {
        "new": {"account": ACCOUNT, "numbers": ["7999"], "answer_url": new.url("answer")}
    }
    await changed(
        service,
        applications=applications,
        accounts=[{"auth_id": ACCOUNT, "auth_token": [NEWER, TOKEN]}],
    )
    request = await line.next("callback")
    assert request.v3_accepts(TOKEN)
    assert request.signed_with(NEWER)
    new.script("answer", Reply(body=document("<Hangup/>")))
    second = await service.carrier.call("7999", [speak(1)])
    assert (await new.next("answer")).v3_accepts(NEWER)
    await second.ended()
    for token, status in ((NEWER, 200), (TOKEN, 200), ("another-token", 401)):
        assert (await ask("GET", api(service, "Recording/"), ACCOUNT, token))[0] == status
    await changed(service, accounts=[{"auth_id": ACCOUNT, "auth_token": NEWER}])
    for token, status in ((NEWER, 200), (TOKEN, 401)):
        assert (await ask("GET", api(service, "Recording/"), ACCOUNT, token))[0] == status
    assert not call.is_over
    await call.hang_up()
    await call.ended()
    await changed(service, **{name: content[name] for name in ("applications", "accounts")})


@pytest.mark.rule("O-4", "E-4")
async def test_new_url_keys_open_what_the_older_one_signed(service: Service) -> None:
    """As long as the older one stands in the list."""
    line = service.line()
    line.answers(line.record(action=None))
    call = await line.call([speak(1), press("#")])
    url = (await line.next("callback")).params["RecordUrl"]
    await call.ended()
    content = yaml.safe_load(service.program.file.read_text())
    assert (await service.get(url))[0] == 200
    await changed(service, storage=content["storage"] | {"url_keys": ["n" * 32]})
    assert (await service.get(url))[0] == 403
    await changed(service, storage=content["storage"])
    assert (await service.get(url))[0] == 200


@pytest.mark.rule("O-4")
async def test_a_file_with_a_mistake_changes_nothing(service: Service) -> None:
    program = service.program
    good, since = program.file.read_text(), len(program.log)
    program.file.write_text(good + "\nnope: 1\n")
    program.hang_up()
    told = await program.said("reload_refused", since=since)
    assert "nope" in told["mistakes"][0]
    program.log.remove(told)  # the one error that was wanted
    program.file.write_text(good)
    line = service.line()
    line.answers("<Hangup/>")
    call = await line.call([speak(1)])
    await line.next("answer")
    await call.ended()
    judge(program)
