"""Takes the secrets out of an address, for everything that is shown, logged or stored.

It works on the text and not on a parsed URL, because a URL whose password holds an unescaped `/`, `#` or `?` is parsed
wrongly, with the rest of the password in its path. Where two readings are possible, more is hidden than need be.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from desktop_app.system.plain_text import printable

_SECRET_PARTS = (
    "pas", "pwd", "psw", "kennwort", "token", "secret", "auth", "sig", "cred", "key", "sess", "jwt", "hash", "otp",
    "login",
)  # fmt: skip
_SECRET_NAMES = frozenset({"p", "pw", "ps", "pin", "code", "sid", "ticket", "nonce"})
_LONG_NAMES = frozenset({"v", "list"})
"""Names of video sites' own long values."""
_PLAIN_NAMES = frozenset({"channel", "stream", "subtype", "user", "username", "usr", "profile", "resolution", "fps"})
_TOKEN_LENGTH = 24
"""A value this long that mixes letters and digits is taken for a token, whatever it is called."""

MASK = "***"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/{1,2}")
_PARAMETER = re.compile(r"(?:^|(?<=[/?&;#_,]))([\w%.\[\]-]{1,80}?)=")
_ADDRESS_IN_PROSE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:/{1,2}[^\n“”\"<>]*@[^\s“”\"<>]*|[A-Za-z][A-Za-z0-9+.-]*:/{1,2}[^\s“”\"<>]+"
    r"|[^\s“”\"<>:]+:[^\s“”\"<>]+@[^\s“”\"<>]+|[^\s“”\"<>]*[?&/][^\s“”\"<>]*=[^\s“”\"<>]*"
)


def redact(text: str) -> str:
    """Return an address as it may be shown: passwords, tokens and the like replaced by `***`.

    A path of this computer, a camera and "demo" stay as they are.
    """
    return _cleaned(text, MASK)


def without_secrets(text: str) -> str:
    """Return an address as it may be stored: its secrets are left out, the name of the user stays.

    The name tells two cameras apart; only the password has to be typed again.
    """
    return _cleaned(text, "")


def redact_prose(text: str) -> str:
    """Return a sentence or a log line with every address in it redacted."""
    if not any(sign in text for sign in ("@", ":/", "=")):
        return text
    return _ADDRESS_IN_PROSE.sub(lambda match: redact(match.group()), text)


class RedactingFilter(logging.Filter):
    """Redacts every record that passes a handler, arguments and traceback included, and escapes control characters."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg, record.args = printable(redact_prose(record.getMessage()), keep="\n\t"), ()
        except (TypeError, ValueError):
            return True  # `logging` itself says that the arguments do not fit
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact_prose(record.exc_text)
        return True


@dataclass(frozen=True, slots=True)
class UserInfo:
    """The part of an address before the host: [start, end) in its text, without the `@` at `end`."""

    start: int
    end: int
    user: str
    password: str | None


def find_user_info(text: str) -> UserInfo | None:
    """Find name and password in an address, also where the password holds unescaped `/`, `#`, `?` or `@`.

    Returns None for an address without them and for a path of this computer.
    """
    match = _SCHEME.match(text)
    start = match.end() if match is not None else 0
    scheme = match.group().rstrip("/").rstrip(":").lower() if match is not None else ""
    rest = text[start:]
    at = rest.rfind("@")
    if scheme == "file" or at <= 0 or (match is None and _is_no_address(text)):
        return None
    authority_end = next((i for i, c in enumerate(rest) if c in "/?#"), len(rest))
    user, colon, password = rest[:at].partition(":")
    if not colon and at > authority_end:
        if scheme in ("http", "https", ""):
            return None  # a name with an @ in the path, as video sites have it
        return UserInfo(start, start + at, "", rest[:at])
    if not colon:
        return UserInfo(start, start + at, user, None)
    if at > authority_end:
        in_authority = rest[:authority_end].rfind("@")
        if in_authority >= 0 and ":" in rest[:in_authority] and "@" not in rest[authority_end : at - 1].lstrip("/"):
            inner_user, _, inner_password = rest[:in_authority].partition(":")
            if rest[authority_end : at + 1].endswith("/@"):
                return UserInfo(start, start + in_authority, inner_user, inner_password)
    return UserInfo(start, start + at, user, password)


def _is_no_address(text: str) -> bool:
    return text.startswith(("/", ".", "~", "\\", "camera:")) or re.match(r"[A-Za-z]:[\\/]", text) is not None


def _cleaned(text: str, mask: str) -> str:
    match = _SCHEME.match(text)
    if match is None and (_is_no_address(text) or not re.search(r"@|[?&]|/\w+=", text)):
        return text
    scheme = match.group() if match is not None else ""
    info = find_user_info(text)
    if info is not None and info.password is not None:
        user = info.user + (f":{mask}" if mask else "")
        text = text[: info.start] + (f"{user}@" if user else "") + text[info.end + 1 :]
    text = _clean_parameters(text, mask)
    try:
        if scheme:
            _ = urlsplit(text).port
    except ValueError:
        # Not an address that can be taken apart, so nothing shows where its secrets would be.
        return scheme + mask if scheme and "[" in text else text
    return text


def _clean_parameters(text: str, mask: str) -> str:
    kept: list[str] = []
    at = 0
    for name_start, value_start, value_end in _secret_values(text):
        if name_start < at:
            continue
        if mask:
            kept += [text[at:value_start], mask]
        else:
            kept.append(text[at:name_start])
            # The sign before the next parameter goes with this one.
            if value_end < len(text) and text[value_end] in "&;":
                value_end += 1
        at = value_end
    cleaned = "".join(kept) + text[at:]
    return cleaned if mask or not kept else re.sub(r"[?&;]+(?=#|$)", "", cleaned)


def _secret_values(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield (start of the name, start of the value, end of the value) of each parameter that is a secret."""
    found = list(_PARAMETER.finditer(text))
    for number, match in enumerate(found):
        end = len(text)
        for later in found[number + 1 :]:
            sign = text[later.start() - 1]
            if sign in "&;#" or (sign in "_,/?" and later.group(1).lower() in _PLAIN_NAMES):
                end = later.start() - 1
                break
        if _is_secret(match.group(1), text[match.end() : end]):
            yield match.start(1), match.end(), end


def _is_secret(name: str, value: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", unquote(unquote(name)).lower())
    if plain in _SECRET_NAMES or any(part in plain for part in _SECRET_PARTS):
        return True
    if plain in _LONG_NAMES:
        return False
    value = unquote(value)
    is_token = re.fullmatch(r"[\w+/=.~-]+", value) is not None
    return len(value) >= _TOKEN_LENGTH and is_token and bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))
