"""A fake Asterisk: a real HTTP and websocket server that behaves like ARI where we use it.

In process, on a free port, in real time. Its oddities are those captured from Asterisk 22.10.1;
the contract suite runs against both, so that it cannot drift from the real one.
"""

from tests.fakeari.call import FakeCall
from tests.fakeari.fake import FakeAsterisk

__all__ = ["FakeAsterisk", "FakeCall"]
