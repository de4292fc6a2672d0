"""A real receiver on loopback, and a sender whose operator allows loopback."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator

import pytest

from recordbridge.instant import Instant
from recordbridge.outbound.sender import HttpSender
from tests.receiver import Receiver

NOW: Instant = 1_767_225_600_000
"""2026-01-01T00:00:00Z"""

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    async with HttpSender(LOOPBACK, lambda: NOW, version="1.2.3") as running:
        yield running
