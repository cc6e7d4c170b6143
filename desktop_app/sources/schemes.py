"""Which addresses can be opened. On its own, because the window asks before anything slow is imported."""

from __future__ import annotations

STREAM_SCHEMES: frozenset[str] = frozenset(
    {"rtsp", "rtsps", "rtmp", "rtmps", "udp", "rtp", "srt", "tcp", "mms", "mmsh"}
)
"""Addresses that always mean a stream; http and https may mean other things, see `web.WebSource`."""

URL_SCHEMES = STREAM_SCHEMES | {"http", "https"}

LISTENING_SCHEMES: frozenset[str] = frozenset({"udp", "rtp", "srt", "tcp"})
"""Addresses that may name no host but only the port to listen on, as udp://@:1234."""
