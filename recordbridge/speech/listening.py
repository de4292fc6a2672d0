"""What the service and the process of a transcription engine tell each other: JSON lines."""

from __future__ import annotations

import msgspec

from recordbridge.machine.transcription import Spoken


class Begun(msgspec.Struct, frozen=True):
    """The first line of the process. `mortal`: it ends with the service, also while it stands
    still; else it may not be stopped.
    """

    mortal: bool = False


class Listen(msgspec.Struct, frozen=True):
    """Say what is said in the file; in `stereo` its channels are caller and callee."""

    file: str
    stereo: bool


class Heard(msgspec.Struct, frozen=True):
    """`error` is empty, or a sentence about the file."""

    spoken: tuple[Spoken, ...] = ()
    error: str = ""
