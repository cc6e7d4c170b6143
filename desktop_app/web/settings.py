"""How the server behaves, with defaults that are safe on an ordinary computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from desktop_app.errors import SettingsError

_ABOVE_ZERO = {
    "most_upload_bytes": "The largest upload",
    "most_held_bytes": "The memory for pictures that are sent",
    "most_files": "The number of files at once",
    "most_video_s": "The length of a video that is counted",
    "job_limit_s": "The time for one video",
    "workers": "The number of files that are counted at once",
    "most_waiting": "The number of files that may wait",
}


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Limits and places. Bytes, seconds and numbers; see docs/web.md for what each is for.

    `allow_private` lets the address of a picture or a video lead into the own network. `upload_folder` None is the
    system's folder for temporary files. `host_names` are further names by which the server may be called.
    `most_held_bytes` is how much of the pictures for `predict` is in memory at once, at least one upload.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    host_names: tuple[str, ...] = ()
    require_token: bool = False
    allow_private: bool = False
    most_upload_bytes: int = 200_000_000
    most_held_bytes: int = 256_000_000
    most_files: int = 20
    most_video_s: float = 600.0
    job_limit_s: float = 900.0
    picture_limit_s: float = 30.0
    memory_bytes: int = 4 * 2**30
    workers: int = 1
    most_waiting: int = 40
    keep_results_s: float = 900.0
    most_kept_bytes: int = 256_000_000
    uploads_a_minute: int = 60
    predictions_a_minute: int = 1200
    most_viewers: int = 1000
    upload_folder: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"{self.port} is no port.", "Choose one from 1024 to 65535, like 8080.")
        for name, words in _ABOVE_ZERO.items():
            if not getattr(self, name) > 0:
                raise SettingsError(f"{words} cannot be {getattr(self, name):g}.", "Give a number above 0.")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingsError("A certificate and its key go together.", "Give both --tls-cert and --tls-key.")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not path.is_file():
                raise SettingsError(f"There is no file {path}.", "Give the certificate and key as PEM files.")
