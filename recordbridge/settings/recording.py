"""Recording: what Record does where a document says nothing (A-18), for all or per application.

The keys of the defaults are the attributes' own names (`maxLength`), because they are the same
thing; in Python they are `max_length` and so on.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from pydantic import Field

from recordbridge.settings.scalars import Beep, Flag, Keys, Number, Seconds
from recordbridge.settings.sections import Section

FileFormat = Literal["mp3", "wav"]
ChannelType = Literal["mono", "stereo"]


class RecordValues(TypedDict):
    """A-18's defaults as keyword arguments; `stereo` None = by mode (A-12)."""

    timeout: int
    max_length: int
    play_beep: bool
    finish_on_key: str
    file_format: FileFormat
    stereo: bool | None


class RecordingDefaults(Section):
    """What an attribute of Record is when the document does not give it."""

    timeout: Seconds = Field(default=15, ge=1, le=86_400)
    """Silence that ends a plain recording (A-6)."""
    max_length: Seconds = Field(default=60, ge=2, le=86_400, alias="maxLength")
    """The longest a recording gets (A-7)."""
    play_beep: Flag = Field(default=True, alias="playBeep")
    """Whether a beep precedes a plain recording (A-8)."""
    finish_on_key: Keys = Field(default="#", alias="finishOnKey")
    """The keys that end a plain recording; `none` for no key (A-9). Quote it: `#` begins a
    comment."""
    file_format: FileFormat = Field(default="mp3", alias="fileFormat")
    """The format of the file (A-4)."""
    record_channel_type: ChannelType | None = Field(default=None, alias="recordChannelType")
    """Both parties mixed or left and right. By default plain recordings are mono and background
    ones stereo (A-12)."""


class RecordingOverride(Section):
    """The same for one application's calls; what is not given is as in `recording.defaults`."""

    timeout: Seconds | None = Field(default=None, ge=1, le=86_400)
    """Silence that ends a plain recording (A-6)."""
    max_length: Seconds | None = Field(default=None, ge=2, le=86_400, alias="maxLength")
    """The longest a recording gets (A-7)."""
    play_beep: Flag | None = Field(default=None, alias="playBeep")
    """Whether a beep precedes a plain recording (A-8)."""
    finish_on_key: Keys | None = Field(default=None, alias="finishOnKey")
    """The keys that end a plain recording; `none` for no key (A-9)."""
    file_format: FileFormat | None = Field(default=None, alias="fileFormat")
    """The format of the file (A-4)."""
    record_channel_type: ChannelType | None = Field(default=None, alias="recordChannelType")
    """Both parties mixed or left and right (A-12)."""


class Recording(Section):
    """How recordings are made."""

    silence_threshold: Number = Field(default=128, ge=1, le=32_767)
    """How loud a frame must be to count as talk: the mean of its samples' amounts (0-32767). 128
    is what Asterisk itself uses, and only then does Asterisk watch over the end too (P-5)."""
    trim_silence: Flag = True
    """Whether silence that ended a recording is cut to at most 200 ms (P-6); `false` keeps it."""
    beep: Beep = "sound:beep"
    """What is played for `playBeep`."""
    defaults: RecordingDefaults = Field(default_factory=RecordingDefaults)
    """What an attribute of Record is when the document does not give it."""


def record_values(defaults: RecordingDefaults, override: RecordingOverride | None) -> RecordValues:
    """The defaults with an application's own values put over them."""
    given = override.model_dump(exclude_none=True) if override else {}
    merged = defaults.model_copy(update=given)
    channel = merged.record_channel_type
    return RecordValues(
        timeout=merged.timeout,
        max_length=merged.max_length,
        play_beep=merged.play_beep,
        finish_on_key=merged.finish_on_key,
        file_format=merged.file_format,
        stereo=None if channel is None else channel == "stereo",
    )
