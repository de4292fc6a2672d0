"""Why an object store did not do what was asked, in a sentence for the operator.

The library's own message holds the whole request and the store's reply, some with the string
that was signed: of it only the store's error code and the system's own words are taken.
"""

from __future__ import annotations

import re

from recordbridge.errors import StorageError, StoreAwayError

_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_SYSTEM = re.compile(r'(?:message|error): "([^"\\]{1,120})"')

_MEANINGS = {
    "NoSuchBucket": "the bucket does not exist; make it, or change storage.bucket",
    "PermanentRedirect": "the bucket is in another region; change storage.region",
    "AuthorizationHeaderMalformed": "the bucket is in another region; change storage.region",
    "InvalidAccessKeyId": "the store does not know the access key; change storage.access_key",
    "SignatureDoesNotMatch": "the secret key is wrong; change storage.secret_key",
    "AccessDenied": "the access key has no right to it; check storage.bucket, and allow the key to"
    " get, put and delete objects",
    "RequestTimeTooSkewed": "this machine's clock differs too much from the store's",
    "QuotaExceeded": "the bucket's quota is used up",
}
_SIGNS = {
    "dns error": "its name cannot be resolved",
    "TimedOut": "it does not answer in time",
    "InvalidCertificate": "its certificate is not trusted",
    "InvalidContentType": "it does not speak TLS; is storage.endpoint http instead of https?",
}
"""In the library's account of a connection that failed."""
_CREDENTIALS = ("169.254.169.254", "169.254.170.2", "CredentialsProvider", "credential provider")
_WAITING_HELPS = frozenset({"SlowDown", "RequestTimeout", "ServiceUnavailable", "InternalError"})
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull"})
_LEAST_BROKEN = 500


def trouble(error: Exception, bucket: str, place: str, what: str) -> StorageError:
    """The error as one of ours; `what` says what could not be done."""
    text = str(error)
    begin = f"the bucket {bucket} of {place} {what}"
    if any(each in text for each in _CREDENTIALS):
        return StorageError(
            f"{begin}: neither storage.access_key nor the environment provides a key"
        )
    code = _first(_CODE, text)
    status = int(_first(_STATUS, text) or 0)
    if code in _MEANINGS:
        return StorageError(f"{begin}: {_MEANINGS[code]} ({code})", full=code in _FULL)
    if status and status < _LEAST_BROKEN and code not in _WAITING_HELPS:
        hint = "" if code else "; storage.endpoint may lead to something that is no object store"
        return StorageError(f"{begin}: the store answers {code or f'status {status}'}{hint}")
    if status:
        return StoreAwayError(f"{begin}: the store answers {code or f'status {status}'}")
    reason = "it does not answer in time" if isinstance(error, TimeoutError) else _reason(text)
    return StoreAwayError(f"{begin}: the store cannot be reached ({reason})")


def _reason(text: str) -> str:
    for sign, meaning in _SIGNS.items():
        if sign in text:
            return meaning
    return _first(_SYSTEM, text).lower() or "the connection broke"


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return "" if found is None else found[1]
