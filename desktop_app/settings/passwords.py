"""Takes the secrets out of a source text, so that it can be kept and shown."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

SECRET_QUERY_KEYS = ("password", "passwd", "pwd", "pass", "token", "key", "secret", "auth", "signature", "sig")


def without_password(text: str) -> str:
    """Return a source text that is safe to keep: a URL loses its password and secret query values, all else stays.

    The user name stays (`rtsp://guard@camera/1`), so that the list still tells two cameras apart and only the password
    has to be typed again.
    """
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        # Not a URL that can be taken apart, so nothing shows where its password would be: keep only the scheme.
        return text.split("://", 1)[0] + "://"
    if not parts.scheme or len(parts.scheme) == 1:
        return text
    host = parts.netloc
    if "@" in host:
        user_info, host = host.rsplit("@", 1)
        user = user_info.split(":", 1)[0]
        host = f"{user}@{host}" if user else host
    kept = [
        pair
        for pair in parts.query.split("&")
        if pair and not any(secret in pair.split("=", 1)[0].lower() for secret in SECRET_QUERY_KEYS)
    ]
    return urlunsplit((parts.scheme, host, parts.path, "&".join(kept), parts.fragment))
