"""A server that speaks the OpenAI-compatible transcription API, with the real tiny.en behind it."""

from tests.hearing.server import Asked, Hearing

__all__ = ["Asked", "Hearing"]
