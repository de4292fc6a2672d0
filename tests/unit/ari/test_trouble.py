"""What an operator reads when Asterisk cannot be used: one sentence, with what to do."""

from __future__ import annotations

import socket
import ssl

import pytest

from recordbridge.ari.trouble import Place, sentence
from recordbridge.errors import PbxGoneError, PbxRefusedError, PbxUnavailableError

PLACE = Place("http://pbx:8088", "joe", "recordbridge")


def caused_by(cause: Exception) -> PbxUnavailableError:
    error = PbxUnavailableError("GET asterisk/info: it failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PbxRefusedError("no", 401), "'joe' or its password: compare with ari.conf"),
        (PbxRefusedError("no", 403), "read_only=no"),
        (PbxRefusedError("no", 400), "application name 'recordbridge'"),
        (PbxRefusedError("Internal Server Error", 500), "answered 500: Internal Server Error"),
        (PbxGoneError("nothing"), "load res_ari"),
        (caused_by(ConnectionRefusedError(111, "refused")), "is Asterisk running"),
        (caused_by(socket.gaierror(-2, "unknown")), "host name in http://pbx:8088 is not known"),
        (caused_by(ssl.SSLError(1, "WRONG_VERSION_NUMBER")), "check that the port speaks TLS"),
        (caused_by(TimeoutError()), "did not answer in time"),
        (PbxUnavailableError("the connection was closed"), "the connection was closed"),
    ],
)
def test_each_trouble_has_its_sentence(error: Exception, words: str) -> None:
    told = sentence(error, PLACE)
    assert words in told
    assert "\n" not in told
