"""What PostgreSQL's errors mean. Messages name the server, never a password.

Errors of a running session have an SQLSTATE. One of connecting has only the server's words, of
which those are looked for that tell the operator what to do.
"""

from __future__ import annotations

import psycopg

from recordbridge.errors import StorageError
from recordbridge.store.faults import AwayError, Fault, RefusedError, failure

_FULL = "53100"
_TOO_BIG = "22003"
_UNIT_CLASSES = ("22", "23", "42", "54", "0A")
"""Of values, constraints, statements and limits: another try would fail the same way."""
_OPERATORS = frozenset({"42501", "42P01"})
"""No permission, no table: somebody changed the database under us, and can change it back."""
_SENTENCES = {
    "08": "lost the connection",
    "25006": "is read-only; database.url must name the primary server",
    "25P03": "took the transaction for abandoned",
    "40": "could not commit beside other work",
    "42501": "refused permission; grant it to the user of database.url",
    "42P01": "has lost a table",
    "53": "is short of room, memory or connections",
    "53100": "cannot grow: the disk is full",
    "55": "is locked or does not take connections",
    "55P03": "is locked by another session",
    "57": "was shut down, or gave up on the statement",
    "57P03": "is starting up or shutting down",
    "58": "cannot be read or written",
    "XX": "is damaged",
}
_REFUSALS = {
    "authentication failed": "refused the user or the password; correct database.url",
    "no password supplied": "asks for a password; give it in database.url",
    "no pg_hba.conf entry": "lets nobody in from here; add a line to its pg_hba.conf",
    "does not exist": "is not there; create it (createuser, createdb) or correct database.url",
    "connection is bad": "cannot be looked for; correct database.url",
    "permission denied for database": "does not let the user connect; grant CONNECT to it",
}
"""Waiting does not help."""
_WAITS = {
    "starting up": "is starting up",
    "shutting down": "is shutting down",
    "not currently accepting connections": "does not take connections",
    "too many clients": "has no connection left; raise max_connections",
    "remaining connection slots": "has no connection left; raise max_connections",
    "could not translate host name": "has a host name that is not known; correct database.url",
    "failed to resolve host": "has a host name that is not known; correct database.url",
    "refused": "cannot be reached; start PostgreSQL there or correct database.url",
    "timeout": "does not answer; look at the server and the network",
}


def _fault_of(error: BaseException, state: str) -> Fault:
    if state == _FULL:
        return Fault.FULL
    if state:
        unit = state[:2] in _UNIT_CLASSES and state not in _OPERATORS
        return Fault.UNIT if unit else Fault.AWAY
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return Fault.AWAY if lost else Fault.UNIT


def translated(place: str, error: BaseException) -> StorageError:
    """The driver's error as ours: the place, what is wrong with it, the driver's words."""
    state = getattr(error, "sqlstate", None) or ""
    fault = _fault_of(error, state)
    words = _words(error)
    if state == _TOO_BIG:
        what = "cannot keep the value, a number is too big for it"
    elif state[:2] == "22" or isinstance(error, psycopg.DataError):
        what = "cannot keep the value"
    else:
        otherwise = "refused the change" if fault is Fault.UNIT else "lost the connection"
        what = _SENTENCES.get(state) or _SENTENCES.get(state[:2]) or otherwise
    return failure(fault, f"The database {place} {what} ({words}).")


def not_connected(place: str, error: BaseException) -> AwayError:
    """Why there is no connection."""
    words = _words(error)
    low = words.lower()
    for sign, what in _REFUSALS.items():
        if sign in low:
            return RefusedError(f"The database {place} {what} ({words}).")
    what = next((what for sign, what in _WAITS.items() if sign in low), "cannot be connected to")
    return AwayError(f"The database {place} {what} ({words}).")


def _words(error: BaseException) -> str:
    """The driver's words in one line; of several tries the last one's."""
    text = str(error).strip() or type(error).__name__
    for line in reversed(text.splitlines()):
        if "FATAL:" in line or "failed:" in line:
            text = line.rpartition("FATAL:")[2].rpartition(" failed: ")[2]
            break
    return " ".join(text.split()).rstrip(".")
