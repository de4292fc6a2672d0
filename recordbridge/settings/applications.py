"""Applications: what happens with a call that enters (F-1)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PrivateAttr

from recordbridge.settings.recording import RecordingOverride
from recordbridge.settings.scalars import AccountId, Days, Dialled, ExistingFile, Url
from recordbridge.settings.sections import Section

Method = Literal["GET", "POST"]


class Application(Section):
    """What happens with a call: a web application that is asked, or a local XML file.

    Either `flow` or `answer_url` must be given. URLs may end in a retry fragment (H-1).
    """

    account: AccountId
    """The account that the application's calls and recordings belong to; one of `accounts`."""
    numbers: tuple[Dialled, ...] = ()
    """Dialled numbers that lead here, as the dialplan's extension has them. In quotes: YAML
    changes numbers with a leading zero."""
    flow: ExistingFile | None = None
    """A local XML file with the call flow, for use without any web application."""
    answer_url: Url | None = None
    """The URL that gives the first document."""
    answer_method: Method = "POST"
    """How `answer_url` is requested."""
    fallback_url: Url | None = None
    """Asked once for another document when the first one cannot be used (F-6)."""
    fallback_method: Method = "POST"
    """How `fallback_url` is requested."""
    hangup_url: Url | None = None
    """Told when the call has ended."""
    hangup_method: Method = "POST"
    """How `hangup_url` is requested."""
    recording: RecordingOverride = Field(default_factory=RecordingOverride)
    """Other defaults of Record for this application's calls (A-18)."""
    retention_days: Days = Field(default=0, ge=0, le=36_500)
    """After how many days a recording is erased (M-4). 0 = kept for ever, because nothing should
    be lost by default."""

    _name: str = PrivateAttr("")

    @property
    def name(self) -> str:
        """The key under `applications`."""
        return self._name
