"""`python -m tests.demo`: the demo from beginning to end.

Exit 0 only if everything arrived and was as documented, 1 with a list of what is missing. Ctrl-C
ends everything that was started here.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from asterisk.rigging import lifecycle, state
from asterisk.rigging.errors import RigError
from tests.demo import calls, kept, scenes, screen, service, words
from tests.demo.service import DemoError, Service
from tests.demo.verdict import SDK, Outcome, missing
from tests.receiver import Receiver

FOLDER = Path(os.environ.get("DEMO_FOLDER") or calls.ROOT / "var" / "demo").resolve()
KEEP = os.environ.get("DEMO_KEEP", "") not in ("", "0")


def demo() -> int:
    """Bring the rig up, run the demo, take down what was brought up."""
    os.environ.setdefault("RIG_STATE", "var/rig-demo")
    began = time.monotonic()
    if kept.stop(FOLDER):
        screen.say("Stopped what an earlier demo had left running.", "")
    rig = state.load(state.state_folder())
    ours = rig is None or not rig.alive()
    own_asterisk = ours and "RECORDBRIDGE_ASTERISK_URL" in os.environ
    screen.say(words.before(FOLDER, state.state_folder(), own_asterisk=own_asterisk))
    keep = False
    try:
        facts = os.environ | lifecycle.variables(lifecycle.up(None, pick_ports=True))
        code = asyncio.run(_with_service(facts, began, ours=ours))
        keep = KEEP
        return code
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left behind half ended
        if ours and not keep:
            lifecycle.down()


async def _with_service(facts: Mapping[str, str], began: float, *, ours: bool) -> int:
    planned = service.plan(FOLDER)
    async with Receiver() as app:
        scenes.teach(app)
        app.listen(lambda received: screen.say(screen.request(received, planned.token), ""))
        service.configure(planned, app, facts)
        running, child = service.start(planned)
        kept_running = False
        try:
            await service.ready(planned, child)
            screen.say(f"Ready after {time.monotonic() - began:.1f} s.", "", words.placing())
            outcomes = await calls.gather(app, facts)
            code = _conclude(outcomes, planned, began)
            kept_running = KEEP
        finally:
            if not kept_running:
                running.end(kept.PATIENCE_S)
                child.wait()
    if kept_running:
        kept.keep(FOLDER, running, app.port, our_rig=ours)
        screen.say(words.kept(planned))
    return code


def _conclude(outcomes: list[Outcome], planned: Service, began: float) -> int:
    token = planned.token
    screen.say(screen.table(outcomes, token), "", words.LEGEND, words.checked(sdk=SDK), "")
    screen.say(words.after(planned))
    wrong = [(each.scene, missing(each, token)) for each in outcomes]
    took = f"{time.monotonic() - began:.1f} s"
    lines = [f"  {scene.name}: {each}" for scene, found in wrong for each in found]
    if lines:
        screen.say(f"Not good, after {took}:", *lines)
        return 1
    screen.say(f"Good: all of it arrived and is right. It took {took}.")
    if not KEEP:
        screen.say("To look around while it runs: DEMO_KEEP=1 make demo")
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    signal.raise_signal(signal.SIGINT)


def main() -> int:
    """Run a command; an error is one sentence."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job has it ignored
    signal.signal(signal.SIGTERM, _interrupt)
    os.chdir(calls.ROOT)
    try:
        return demo()
    except (RigError, DemoError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted; everything it started has ended.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
