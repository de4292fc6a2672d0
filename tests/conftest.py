"""What holds for every test."""

from __future__ import annotations

import asyncio

# Without this, the first test makes pytest-asyncio ask for "the current loop", for which Python
# 3.11 creates one that nobody closes; whichever test runs when it is collected would fail.
asyncio.set_event_loop(None)
